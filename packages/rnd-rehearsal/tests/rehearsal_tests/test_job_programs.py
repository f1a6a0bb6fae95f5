"""The uv of jobs keeps the environment of an action for the next job, and never lends it to two at once."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from rnd_rehearsal import job_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Says its arguments and where it would install, and makes that folder as uv does.
STAND_IN = """\
#!/bin/sh
echo "$VIRTUAL_ENV|$*"
[ -z "$VIRTUAL_ENV" ] || mkdir -p "$VIRTUAL_ENV"
[ -z "$FAIL" ] || exit "$FAIL"
[ -z "$DIE" ] || kill -KILL "$PPID"
"""


@dataclass(frozen=True)
class Jobs:
    """A machine whose uv is a stand-in, and an action on it."""

    folder: Path
    path: str

    @property
    def action(self) -> Path:
        return self.folder / "act" / "actions" / "version"

    def uv(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": self.path, "GITHUB_ACTION_PATH": str(self.action), **environment}
        return subprocess.run(["uv", *arguments], env=variables, capture_output=True, text=True, check=False)

    def place(self, *extras: str, **environment: str) -> str:
        """Return where the action's environment is."""
        options = [option for extra in extras for option in ("--extra", extra)]
        ended = self.uv(
            "run", "--frozen", *options, "--project", f"{self.action}/../..", "rnd", "--help", **environment
        )
        place, _, arguments = ended.stdout.partition("|")
        assert arguments.startswith("run --active --frozen ")
        assert arguments.endswith("rnd --help\n")
        return place


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    for name, text in {"uv": STAND_IN, "node": "#!/bin/sh\necho real\n"}.items():
        (tmp_path / "bin" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    jobs = Jobs(tmp_path, job_programs.prepare(tmp_path / "programs", tmp_path / "kept", os.environ["PATH"]))
    jobs.action.mkdir(parents=True)
    (tmp_path / "act" / "uv.lock").write_text("one")
    return jobs


def test_an_environment_is_kept_for_the_same_action_extras_and_lock_file(jobs: Jobs) -> None:
    first = jobs.place("github")
    assert jobs.place("github") == first
    assert jobs.place("github", "release") != first
    assert jobs.place() != first
    other = jobs.folder / "act" / "actions" / "release"
    ended = jobs.uv("run", "--project", f"{other}/../..", "rnd", GITHUB_ACTION_PATH=str(other))
    assert ended.stdout.partition("|")[0] != first
    (jobs.folder / "act" / "uv.lock").write_text("two")
    assert jobs.place("github") != first


def test_two_jobs_do_not_share_an_environment(jobs: Jobs) -> None:
    first = Path(jobs.place())
    with first.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert jobs.place() != str(first)
    assert jobs.place() == str(first)


def test_an_environment_of_a_job_that_was_killed_is_made_again(jobs: Jobs) -> None:
    place = Path(jobs.place())
    (place / "incomplete").touch()
    assert jobs.place() == str(place)
    assert (place / "incomplete").exists()
    jobs.place(DIE="yes")
    jobs.place()
    assert not (place / "incomplete").exists()


def test_the_command_s_exit_code_is_passed_on(jobs: Jobs) -> None:
    assert jobs.uv("run", "--project", f"{jobs.action}/../..", "rnd", FAIL="3").returncode == 3


def test_a_repository_s_own_commands_are_left_as_they_are(jobs: Jobs) -> None:
    assert jobs.uv("sync", "--frozen").stdout == "|sync --frozen\n"
    assert jobs.uv("run", "--frozen", "pytest").stdout == "|run --frozen pytest\n"
    assert jobs.uv("run", "--project", "docs", "make", GITHUB_ACTION_PATH="").stdout == "|run --project docs make\n"


def test_old_environments_go_unless_they_are_in_use(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(jobs.place())
    monkeypatch.setattr(job_programs, "DAYS", -1)
    with place.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        job_programs.prepare(jobs.folder / "second", jobs.folder / "kept", jobs.path)
        assert place.exists()
    job_programs.prepare(jobs.folder / "third", jobs.folder / "kept", jobs.path)
    assert not place.exists()


def test_node_says_its_path_without_a_start(jobs: Jobs) -> None:
    node = ["node", "--no-warnings", "-e", "console.log(process.execPath)"]
    variables = {"PATH": jobs.path}
    said = subprocess.run(node, env=variables, capture_output=True, text=True, check=True).stdout
    assert said == f"{jobs.folder / 'bin' / 'node'}\n"
    assert (
        subprocess.run(["node", "a.js"], env=variables, capture_output=True, text=True, check=True).stdout == "real\n"
    )


@pytest.mark.parametrize("ended", ["3", "'so'", "os.kill(os.getpid(), 9)"])
def test_a_fake_finds_and_says_what_it_would_with_python(jobs: Jobs, ended: str) -> None:
    script = jobs.folder / "fake.py"
    seen = "[sys.argv, os.getcwd(), os.environ['DEMO'], sys.stdin.read(), __name__]"
    script.write_text(f"import os, sys, urllib.request\nprint({seen}, flush=True)\nsys.exit({ended})\n")

    def said(python: Path | str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["sh", "-c", '"$0" "$@"', str(python), "-I", "-S", str(script), "a b"], input="hello", cwd=jobs.folder,
            env={"PATH": jobs.path, "DEMO": "one\ntwo"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr.replace("Killed\n", "")

    forked = jobs.folder / "programs" / job_programs.PYTHON_NAME
    assert said(forked) == said(forked) == said(sys.executable)


# Makes no environment: Python is the one of the tests.
UV_WITHOUT_ENVIRONMENTS = """\
#!/bin/sh
[ -z "$FAIL" ] || {{ echo "error: no environment" >&2; exit "$FAIL"; }}
while [ "$1" != python ]; do shift; done
shift
exec {python} "$@"
"""
# `demo` is a module of the checkout; it notes by which process it is imported.
STEP = """\
import json, os, subprocess, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
import demo
if sys.argv[1] == "hang":
    child = subprocess.Popen(["sleep", "600"])
    Path("child").write_text(f"{child.pid}\\n")
    child.wait()
own = {"process": os.getpid(), "parent": os.getppid(), "imported_by": demo.PROCESS, "code": demo.CODE}
own |= {"arguments": sys.argv[1:], "folder": os.getcwd(), "said": sys.stdin.read(), "demo": os.environ.get("DEMO")}
sys.stdout.reconfigure(errors="replace")
print(json.dumps(own))
print("as you say", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@dataclass(frozen=True)
class Steps:
    """Jobs of a rehearsal whose steps run a script of the template."""

    folder: Path
    path: str

    def checkout(self, name: str) -> Path:
        """Return a checkout of the template, whose code says its name."""
        root = self.folder / "actions" / name
        files = {"uv.lock": "one", "scripts/run_rnd.py": STEP}
        files["src/demo.py"] = f"import os\nPROCESS, CODE = os.getpid(), {name!r}\n"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        for action in ("version", "release"):
            (root / "actions" / action).mkdir(parents=True, exist_ok=True)
        return root

    def start(
        self,
        *arguments: str,
        action: str = "version",
        code: str = "a",
        stdout: int | TextIO = subprocess.PIPE,
        **variables: str,
    ) -> subprocess.Popen[str]:
        """Start a step, as `scripts/toolkit` does."""
        place = self.checkout(code) / "actions" / action
        command = ["uv", "run", "--frozen", "--only-group", "job", "--project", f"{place}/../..", "python", "-I"]
        environment = {"PATH": self.path, "GITHUB_ACTION_PATH": str(place), **variables}
        command += [f"{place}/../../scripts/run_rnd.py", *arguments]
        (self.folder / "work").mkdir(exist_ok=True)
        return subprocess.Popen(
            command, env=environment, text=True, cwd=self.folder / "work", start_new_session=True,
            stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, action: str = "version", code: str = "a", **variables: str) -> dict[str, Any]:
        """Run a step, and return what it has found."""
        with self.start(*arguments, action=action, code=code, stdout=subprocess.PIPE, **variables) as process:
            said, complained = process.communicate("hello")
        assert complained == "as you say\n"
        found: dict[str, Any] = json.loads(said)
        return found | {"ended": process.returncode}


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(UV_WITHOUT_ENVIRONMENTS.format(python=sys.executable))
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}:{os.environ['PATH']}")
    with job_programs.kept_processes(tmp_path / "programs"):
        path = job_programs.prepare(tmp_path / "programs", tmp_path / "kept", os.environ["PATH"])
        yield Steps(tmp_path, path)


def test_a_step_has_its_own_process_and_finds_what_it_is_given(steps: Steps) -> None:
    found = steps.run("3", "a b", "--project", DEMO="one\ntwo")
    expected = {"arguments": ["3", "a b", "--project"], "ended": 3, "said": "hello", "demo": "one\ntwo"}
    assert found.items() >= {**expected, "folder": str(steps.folder / "work")}.items()
    assert steps.run("0")["demo"] is None
    assert steps.run("0")["process"] != found["process"]


def test_the_streams_of_a_step_are_its_own_whatever_an_earlier_one_had(steps: Steps) -> None:
    summary = steps.folder / "summary"
    summary.write_text("before\n")
    for _ in range(2):
        with summary.open("a") as file, steps.start("0", stdout=file) as process:
            process.communicate("hello")
        assert steps.run("0")["said"] == "hello"
    assert [line[:6] for line in summary.read_text().splitlines()] == ["before", '{"proc', '{"proc']


def test_the_steps_of_an_action_share_what_the_first_has_imported(steps: Steps) -> None:
    first, second, third = (steps.run("0") for _ in range(3))
    assert first["imported_by"] == first["process"]
    assert second["imported_by"] == third["imported_by"] == first["parent"] == third["parent"]


def test_another_action_and_other_code_share_nothing_with_it(steps: Steps) -> None:
    steps.run("0")
    assert steps.run("0", code="b")["code"] == "b"
    others = (steps.run("0"), steps.run("0", action="release"), steps.run("0", code="b"))
    assert len({one["parent"] for one in others}) == 3


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for some seconds."""
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it never holds")


def is_running(process: int) -> bool:
    """Return whether a process has not ended; one that nobody has waited for may still be listed."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_a_step_ends_with_its_job_and_so_does_what_it_has_started(steps: Steps) -> None:
    steps.run("0")
    noted = steps.folder / "work" / "child"
    with steps.start("hang") as job:
        wait_until(lambda: noted.exists() and noted.read_text().endswith("\n"))
        assert is_running(int(noted.read_text()))
        os.killpg(job.pid, signal.SIGKILL)
    wait_until(lambda: not is_running(int(noted.read_text())))
    assert steps.run("0")["ended"] == 0


def test_the_processes_end_with_the_rehearsal(steps: Steps) -> None:
    with job_programs.kept_processes(steps.folder / "others"):
        path = job_programs.prepare(steps.folder / "others", steps.folder / "kept", os.environ["PATH"])
        kept = Steps(steps.folder, path).run("0")["parent"]
        assert is_running(kept)
    assert not is_running(kept)


def test_what_uv_says_when_it_fails_is_passed_on(steps: Steps) -> None:
    with steps.start("0", FAIL="4") as process:
        assert process.communicate()[1] == "error: no environment\n"
    assert process.returncode == 4
    assert steps.run("0")["ended"] == 0

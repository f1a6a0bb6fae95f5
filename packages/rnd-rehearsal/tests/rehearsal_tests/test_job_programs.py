"""The uv of jobs keeps the environment of an action for the next job, and never lends it to two at once."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnd_rehearsal import job_programs

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

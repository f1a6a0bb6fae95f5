"""Each step of a rehearsal is a process of its own, forked from one that has imported what the earlier steps did."""

from __future__ import annotations

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

"""A forked program is what a started one would be, and the code of a checkout is never shared."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnd.errors import CommandFailed
from rnd_rehearsal import python_programs
from rnd_rehearsal.python_programs import Program, Python, Server

if TYPE_CHECKING:
    from collections.abc import Generator

FORKED, STARTED = Python(), Python(forks=False)
# Says all that a program has of its own.
SEEN = """\
import json, os, signal, sys, tempfile, threading, time
print(json.dumps({
    "arguments": sys.argv, "name": __name__, "folder": os.getcwd(), "path": sys.path, "flags": str(sys.flags),
    "variables": dict(os.environ), "temporary": tempfile.gettempdir(), "zone": time.tzname,
    "streams": [(one.isatty(), one.encoding, one.errors) for one in (sys.stdin, sys.stdout, sys.stderr)],
    "given": sys.stdin.read(), "signals": [str(signal.getsignal(one)) for one in (2, 13, 15)],
    "threads": threading.active_count(), "mask": os.umask(0),
    "descriptors": sorted(one for one in os.listdir("/proc/self/fd") if int(one) < 3),
}))
"""
WAITS = "print('here', flush=True); import time; time.sleep(600)"
LOADED = "import json, sys; print(json.dumps([name in sys.modules for name in ('wsgiref', 'rnd')]))"


def seen(python: Python, folder: Path, **variables: str) -> dict[str, Any]:
    """Return what a program finds that is run in a folder with some variables."""
    found: dict[str, Any] = json.loads(python.run("-c", SEEN, "a b", "--flag", cwd=folder, extra=variables))
    return found


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server of this test's own, which has imported nothing yet."""
    started = Server()
    monkeypatch.setattr(python_programs, "server", lambda: started)
    return started


def test_a_forked_program_finds_what_a_started_one_finds(tmp_path: Path) -> None:
    """Also where an earlier one has found something else."""
    other = {"TMPDIR": str(tmp_path), "TZ": "America/Lima", "DEMO": "one\ntwo", "PYTHONPATH": f"/nowhere:{tmp_path}"}
    for folder, variables in ((tmp_path, other), (Path("/"), {})):
        assert seen(FORKED, folder, **variables) == seen(STARTED, folder, **variables)


@pytest.mark.parametrize(
    "arguments",
    [("-m", "rnd", "--help"), ("-m", "rnd", "no-such-command"), ("-c", "import sys; sys.exit('so')"), ("-c", "1 / 0")],
)
def test_it_says_and_ends_as_a_started_one_does(arguments: tuple[str, ...]) -> None:
    forked, started = FORKED.attempt(*arguments), STARTED.attempt(*arguments)
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_a_program_that_must_succeed() -> None:
    with pytest.raises(CommandFailed, match=r"(?s)ended with exit code 3.*so it is"):
        FORKED.run("-c", "import sys; print('so it is', file=sys.stderr); sys.exit(3)")


@pytest.mark.usefixtures("alone")
def test_what_is_installed_is_shared_and_the_code_of_a_checkout_is_not(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rnd.py").write_text(f"import wsgiref\nprint({name!r})\n")
        assert FORKED.run("-c", "import rnd", extra={"PYTHONPATH": str(tmp_path / name)}) == f"{name}\n"
    assert json.loads(FORKED.run("-c", LOADED)) == [True, False]
    assert json.loads(STARTED.run("-c", LOADED)) == [False, False]


def test_copier_calls_git_with_the_environment_of_each_program() -> None:
    said = [
        FORKED.run("-c", "from plumbum import local; print(local.env['DEMO'])", extra={"DEMO": one}) for one in "ab"
    ]
    assert said == ["a\n", "b\n"]


@contextmanager
def waiting(place: Path) -> Generator[Program]:
    """Run a program that has begun, and that waits."""
    with place.open("wb") as said, Program("-c", WAITS, stdout=said.fileno()) as program:
        for _ in range(1000):
            if place.read_bytes() == b"here\n":
                break
            time.sleep(0.02)
        yield program


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_as_any_other_process(tmp_path: Path, number: signal.Signals) -> None:
    with waiting(tmp_path / "said") as program:
        assert program.poll() is None
        program.send_signal(number)
        assert program.wait() == program.poll() == -number


def test_it_has_a_group_of_its_own_and_ends_with_its_context(tmp_path: Path) -> None:
    with waiting(tmp_path / "said") as program:
        assert os.getpgid(program.pid) == program.pid
    assert program.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(program.pid, 0)


def test_a_server_that_was_killed_is_noticed(alone: Server, tmp_path: Path) -> None:
    with waiting(tmp_path / "said") as program:
        os.kill(alone.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="has ended"):
            program.wait()
        os.kill(program.pid, signal.SIGKILL)
        program.returncode = -signal.SIGKILL  # nobody can say

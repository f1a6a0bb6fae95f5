"""Other programs: run without a shell and without what would mislead them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnd import process
from rnd.errors import CommandFailed, DiskFull, ToolMissing


def python(code: str) -> tuple[str, str, str]:
    """Return the command line that runs some code."""
    return sys.executable, "-c", code


def test_output_is_returned() -> None:
    assert process.run(*python("print('hello')")) == "hello\n"


def test_nothing_can_wait_for_input() -> None:
    assert process.run(*python("import sys; print(repr(sys.stdin.read()))")) == "''\n"


def test_a_failure_says_what_ran_and_the_last_words() -> None:
    with pytest.raises(CommandFailed) as caught:
        process.run(*python("import sys; [print(n, file=sys.stderr) for n in range(20)]; sys.exit(7)"))
    assert "ended with exit code 7:\n… (8 earlier lines)\n8\n" in caught.value.message
    assert caught.value.message.endswith("\n19")


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ToolMissing, match="no-such-program is not installed"):
        process.run("no-such-program")


def test_a_folder_that_is_not_there_is_no_missing_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        process.attempt(*python(""), cwd=tmp_path / "none")


def test_a_full_disk_is_named_as_such() -> None:
    with pytest.raises(DiskFull):
        process.run(*python("raise OSError(28, 'No space left on device')"))


def test_output_that_is_no_text_is_taken_all_the_same() -> None:
    assert process.run(*python("import sys; sys.stdout.buffer.write(b'\\xff')")) == "\ufffd"


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "GIT_DIR", "GIT_INDEX_FILE", "UV_PROJECT_ENVIRONMENT"])
def test_misleading_variables_are_dropped(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "elsewhere")
    assert process.run(*python(f"import os; print(os.environ.get({name!r}))")) == "None\n"


def test_a_variable_is_given_or_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THERE", "before")
    extra = {"THERE": None, "NEW": "given"}
    assert process.run("sh", "-c", "echo ${THERE-gone} $NEW", extra=extra) == "gone given\n"


def test_a_uv_off_path_is_found_by_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\necho this one\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("UV", str(tmp_path / "uv"))
    assert not process.on_path("uv")
    assert process.run("uv") == "this one\n"
    assert process.run("sh", "-c", "uv") == "this one\n"


def test_output_is_what_a_program_writes() -> None:
    assert process.collect(process.stream("printf", "a\\nb")) == b"a\nb"


def test_output_holds_more_than_a_pipe_does() -> None:
    said = process.collect(process.stream(sys.executable, "-c", "print('a' * 1_000_000)"))
    assert said is not None
    assert len(said) == 1_000_001


def test_output_of_a_program_that_fails_is_none() -> None:
    assert process.collect(process.stream("false")) is None


def test_output_of_a_program_that_is_not_there() -> None:
    with pytest.raises(ToolMissing, match="no-such-program is not installed"):
        process.collect(process.stream("no-such-program"))


def test_output_sees_no_misleading_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    said = process.collect(process.stream("env", extra={"LC_ALL": "C"}))
    assert said is not None
    lines = said.decode().splitlines()
    assert "LC_ALL=C" in lines
    assert not any(line.startswith("GIT_DIR=") for line in lines)


def test_an_interrupt_ends_the_program_too() -> None:
    """The process that is interrupted says which child it had; afterwards that child is gone."""
    code = """
import os, signal, sys
from rnd import process

real = os.read
def interrupted(*arguments):
    print(child := real(*arguments).decode().strip(), flush=True)
    raise KeyboardInterrupt
os.read = interrupted
try:
    process.collect(process.stream("sh", "-c", "echo $$; exec sleep 3600"))
except KeyboardInterrupt:
    sys.exit(0)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300).stdout
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), signal.SIG_DFL)


def test_a_stream_gives_the_input_and_yields_the_output() -> None:
    given = b"a" * 1_000_000
    assert b"".join(process.stream("sh", "-c", "all=$(cat); echo $all", given=given)) == given + b"\n"


def test_a_stream_starts_at_once_and_ends_when_nobody_wants_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pieces = process.stream("sh", "-c", 'echo $$ >"$1"; exec sleep 3600', "sh", str(pipe))
    child = int(pipe.read_text())
    assert alive(child)
    del pieces
    assert not alive(child)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the size of a pipe is fixed elsewhere")
def test_a_program_can_print_ahead_of_its_reader(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    printed = "head -c 500000 /dev/zero; echo done >$1"
    pieces = process.stream("sh", "-c", printed, "sh", str(pipe), room=1 << 20)
    assert pipe.read_text() == "done\n"  # nothing was read yet
    assert len(b"".join(pieces)) == 500_000
    assert process.collect(process.stream("echo", "a", room=1 << 40)) == b"a\n"


def test_a_stream_that_is_closed_early_ends_the_program() -> None:
    pieces = process.stream("sh", "-c", "echo $$; exec sleep 3600")
    child = int(next(pieces))
    assert alive(child)
    pieces.close()
    assert not alive(child)


@pytest.mark.parametrize("given", [b"", b"a" * 1_000_000], ids=["no input", "input that nobody reads"])
def test_a_stream_of_a_program_that_fails_is_an_error(given: bytes) -> None:
    with pytest.raises(CommandFailed, match="false ended with exit code 1"):
        list(process.stream("false", given=given))
    with pytest.raises(ToolMissing, match="no-such-program is not installed"):
        list(process.stream("no-such-program", given=given))


def test_no_open_file_is_left() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        process.collect(process.stream("true"))
        list(process.stream("true", given=b"a"))
        next(process.stream("yes"))
    with pytest.raises(ToolMissing):
        list(process.stream("no-such-program"))
    assert len(list(Path("/dev/fd").iterdir())) == before


def alive(pid: int) -> bool:
    """Say whether a process is there."""
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return True


def test_a_server_runs_as_long_as_it_is_needed(tmp_path: Path) -> None:
    started = tmp_path / "started"
    command = ("sh", "-c", f"echo serving; echo $$ >{started}.new; mv {started}.new {started}; exec sleep 3600")
    with process.serving(*command, log=tmp_path / "log", ready=started.exists):
        pid = int(started.read_text())
        assert alive(pid)
    assert not alive(pid)
    assert (tmp_path / "log").read_text() == "serving\n"


def test_a_server_ends_with_who_started_it_however_that_ends(tmp_path: Path) -> None:
    code = """
import os, signal
from pathlib import Path
from rnd import process
log = Path("log")
with process.serving("sh", "-c", "echo $$; exec sleep 3600", log=log, ready=lambda: bool(log.read_text())):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(python(code), cwd=tmp_path, check=False)
    assert ended.returncode == -signal.SIGKILL
    pid, deadline = int((tmp_path / "log").read_text()), time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)


def test_a_server_that_ends_or_never_serves_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(*argv: str) -> None:
        with process.serving(*argv, log=tmp_path / "log", ready=lambda: False):
            pytest.fail("it serves")

    with pytest.raises(CommandFailed, match="sh did not start:\nport taken"):
        serve("sh", "-c", "echo port taken; exit 1")
    monkeypatch.setattr(process, "PATIENCE", 0.1)
    with pytest.raises(CommandFailed, match="sleep did not start"):
        serve("sleep", "3600")
    with pytest.raises(ToolMissing, match="no-such-server is not installed"):
        serve("no-such-server")

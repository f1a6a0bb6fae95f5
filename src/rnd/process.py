"""Runs other programs: the only caller of `subprocess` and `os.posix_spawn`.

Every program runs without a shell, with its output captured and without the variables that would point it at
another repository or environment than the one it stands in.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

from rnd.errors import CommandFailed, DiskFull, RndError, ToolMissing

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# Set by `uv run`, by git while it runs a hook, and by an active virtual environment: each would mislead a child.
MISLEADING = (
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "PYTHONHOME",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
)
LAST_WORDS = 12
PATIENCE = 60  # seconds, for a server to start
# Runs a program that ends when its standard input does, and so with whoever started it, however that one ends.
TIED = """\
exec 3<&0 4>&2 2>/dev/null
"$@" </dev/null 2>&4 3<&- 4>&- &
server=$!
(read -r _ <&3; kill $server) &
wait $server
code=$?
kill $!
exit $code
"""

trace: Callable[[str], None] = lambda _: None  # noqa: E731 - a hook for --verbose, told each command before it runs


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this process's variables without the misleading ones, and with `extra`; None takes a variable away.

    A uv that started this process without being on PATH names itself in UV; its children find it on theirs. This
    program's own virtual environment goes last on PATH: uv would examine its Python first, for 0.2 s where it is new.
    """
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    path = kept.get("PATH", os.defpath).split(os.pathsep)
    if "UV" in kept and not on_path("uv"):
        path.append(os.path.dirname(kept["UV"]))  # noqa: PTH120 - pathlib would cost every start 4 ms
    if sys.prefix != sys.base_prefix:
        own = os.path.join(sys.prefix, "bin")  # noqa: PTH118
        path.sort(key=lambda folder: folder == own)
    given = kept | {"PATH": os.pathsep.join(path)} | dict(extra or {})
    return {name: value for name, value in given.items() if value is not None}


def on_path(program: str) -> bool:
    """Say whether a user who types a program's name gets it."""
    import shutil

    return shutil.which(program) is not None


def stays_on_path(program: str) -> bool:
    """Say whether a user gets a program by its name once the environment that this process runs in is gone."""
    import shutil

    own = os.path.join(sys.prefix, "bin")  # noqa: PTH118
    path = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder != own]
    return shutil.which(program, path=os.pathsep.join(path)) is not None


def find(program: str) -> str | None:
    """Return the path of a program, or None where it is not installed."""
    import shutil

    return shutil.which(program, path=environment().get("PATH"))


def attempt(
    *argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code.

    Args:
        argv: The program and its arguments; never a secret, since arguments are public on a machine.
        cwd: The folder to run in; this process's own when left out.
        extra: Variables to set for it, or, with None, to take away from it.

    Raises:
        ToolMissing: The program is not installed.
        KeyboardInterrupt: Ctrl-C; the program has been ended and waited for.
    """
    import shlex
    import subprocess  # takes 8 ms, which what only calls `output` is spared

    trace(shlex.join(argv))
    try:
        # An interrupt kills the child and waits for it inside subprocess.run, so nothing outlives this call.
        return subprocess.run(
            (find(argv[0]) or argv[0], *argv[1:]),
            cwd=cwd,
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        if cwd is not None and str(error.filename) == str(cwd):
            raise
        raise ToolMissing(f"{argv[0]} is not installed.") from error


def output(*argv: str, extra: Mapping[str, str | None] | None = None) -> bytes | None:
    """Run a program in this process's folder and return its standard output, or None if it ended with an error.

    For where every millisecond counts: it does without `subprocess`. What the program says on standard error is
    lost; `run` it again to know.

    Raises:
        ToolMissing: The program is not installed.
        KeyboardInterrupt: Ctrl-C; the program has been ended and waited for.
    """
    trace(" ".join(argv))
    reading, writing = os.pipe()
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        child = os.posix_spawnp(argv[0], argv, environment(extra), file_actions=files)
    except FileNotFoundError as error:
        raise ToolMissing(f"{argv[0]} is not installed.") from error
    finally:
        os.close(writing)
    chunks = []
    try:
        while chunk := os.read(reading, 1 << 20):
            chunks.append(chunk)
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(reading)
    return b"".join(chunks) if os.waitstatus_to_exitcode(status) == 0 else None


def run(*argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None) -> str:
    """Run a program that must succeed and return its standard output.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: It ended with an exit code other than 0.
    """
    completed = attempt(*argv, cwd=cwd, extra=extra)
    if completed.returncode != 0:
        raise failure(completed, *argv)
    return completed.stdout


@contextmanager
def serving(
    *argv: str, log: Path, ready: Callable[[], bool], extra: Mapping[str, str | None] | None = None
) -> Iterator[None]:
    """Run a server until the context is left, or this process ends.

    Args:
        argv: The program and its arguments; never a secret.
        log: The file that takes what it says.
        ready: Says whether it serves; asked until it does.
        extra: Variables to set for it, or, with None, to take away from it.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: It ended, or did not serve in time.
    """
    import subprocess
    import time

    if find(argv[0]) is None:
        raise ToolMissing(f"{argv[0]} is not installed.")
    trace(" ".join(argv))
    deadline = time.monotonic() + PATIENCE
    command = ("sh", "-c", TIED, "sh", *argv)
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, env=environment(extra), stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT
        ) as server,
    ):
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_WORDS:])
                raise CommandFailed(f"{argv[0]} does not serve:\n{end}")
            time.sleep(0.05)
        yield


def failure(completed: subprocess.CompletedProcess[str], *argv: str) -> RndError:
    """Return the error that a program's end amounts to."""
    import shlex

    message = f"{shlex.join(argv)} ended with exit code {completed.returncode}:\n{last_words(completed)}"
    return DiskFull(message) if "No space left on device" in message else CommandFailed(message)


def last_words(completed: subprocess.CompletedProcess[str], lines: int = LAST_WORDS) -> str:
    """Return the end of what a program said: standard error, or standard output if it said nothing there."""
    said = (completed.stderr.strip() or completed.stdout.strip() or "(it said nothing)").splitlines()
    shown = said[-lines:]
    if len(said) > lines:
        shown.insert(0, f"… ({len(said) - lines} lines before)")
    return "\n".join(shown)

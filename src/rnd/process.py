"""Runs other programs: the only caller of `subprocess` and `os.posix_spawn`.

Every program runs without a shell, with captured output, and without the environment variables that would redirect it
to a different repository or virtual environment.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress

from rnd.errors import CommandFailed, DiskFull, RndError, ToolMissing

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path

    Completed = subprocess.CompletedProcess[str]  # a program that has ended, with its output

# Set by `uv run`, by git while it runs a hook, and by an active virtual environment: child processes must not see them.
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
# Credentials, the means to get them, and the files by which a step of a workflow changes the steps after it.
SECRET_PREFIXES = ("ACTIONS_", "AWS_", "RND_INDEX_", "RND_REGISTRY_", "UV_PUBLISH_")
SECRET_NAMES = {"GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE"}
LAST_WORDS = 12
SIGKILL = 9  # importing the module `signal` takes 1 ms
PATIENCE = 60  # seconds, for a server to start
# Runs a program that is stopped when its standard input closes, so it never outlives the process that started it.
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


def _log(argv: Iterable[str]) -> None:
    """Log a program and its arguments. Only a process that has imported `logging`, which takes 5 ms, has listeners."""
    if (logging := sys.modules.get("logging")) is not None:
        import shlex

        logging.getLogger(__name__).debug("+ %s", shlex.join(argv))


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the environment variables for child processes: the current ones without `MISLEADING`, plus `extra`.

    In `extra`, None removes a variable. If uv started this process without being on PATH, the variable UV holds its
    path, which is added to PATH. The virtual environment of this program goes to the end of PATH: otherwise uv would
    inspect its Python first, which takes 0.2 s the first time.
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


def without_secrets() -> dict[str, None]:
    """Return the variables to remove from the environment of a program that runs code of a repository."""
    return {name: None for name in os.environ if name.startswith(SECRET_PREFIXES) or name in SECRET_NAMES}


@contextmanager
def hidden(names: Iterable[str], given: Mapping[str, str] | None = None) -> Generator[None]:
    """Hide variables from this process and from all programs that it starts, until the context exits.

    Args:
        names: The variables to hide.
        given: Variables to set for that time.
    """
    before = dict(os.environ)
    for name in names:
        os.environ.pop(name, None)
    os.environ.update(given or {})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def on_path(program: str) -> bool:
    """Return whether a program is on the user's PATH."""
    import shutil

    return shutil.which(program) is not None


def stays_on_path(program: str) -> bool:
    """Return whether a program is on PATH outside the virtual environment that this process runs in."""
    import shutil

    own = os.path.join(sys.prefix, "bin")  # noqa: PTH118
    path = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder != own]
    return shutil.which(program, path=os.pathsep.join(path)) is not None


def find(program: str) -> str | None:
    """Return the path of a program, or None if it is not installed."""
    import shutil

    return shutil.which(program, path=environment().get("PATH"))


def attempt(*argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None) -> Completed:
    """Run a program and return the result, for any exit code.

    Args:
        argv: The program and its arguments; never a secret, because other users of the machine can see arguments.
        cwd: The folder to run in; defaults to the current one.
        extra: Variables to set for the program; None removes a variable.

    Raises:
        ToolMissing: The program is not installed.
        KeyboardInterrupt: Ctrl-C; the program has been stopped.
    """
    import subprocess  # takes 8 ms; callers of `stream` do not need it

    _log(argv)
    try:
        # On an interrupt, subprocess.run kills the child and waits for it, so no process outlives this call.
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


def stream(
    *argv: str, given: bytes = b"", room: int = 0, extra: Mapping[str, str | None] | None = None
) -> Generator[bytes]:
    """Start a program in the current folder, and return its standard output, in pieces as they come.

    The program runs while the caller does other work, and is killed when the caller closes or drops what this returns.
    A faster alternative to `run` that does not import `subprocess`. Standard error is discarded; use `run` to get an
    error message.

    Args:
        argv: The program and its arguments.
        given: Its standard input, which it must read to the end before it prints.
        room: How many bytes it can print before the caller reads any, where the system allows it; 64 KiB by default.
        extra: Variables to set for the program; None removes a variable.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: Its exit code is not 0; raised at the end of the output.
    """
    _log(argv)
    pieces = _pieces(argv, given, room, environment(extra))
    next(pieces)
    return pieces


def _pieces(argv: tuple[str, ...], given: bytes, room: int, variables: dict[str, str]) -> Generator[bytes]:
    """Start a program and yield an empty piece, then the output."""
    child, feeding, reading = _spawn(argv, variables)
    try:
        if room:
            import fcntl

            with suppress(AttributeError, OSError):  # Linux only, and not above /proc/sys/fs/pipe-max-size
                fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, room)
        with suppress(BrokenPipeError), open(feeding, "wb") as entry:  # noqa: PTH123
            entry.write(given)
        yield b""
        while chunk := os.read(reading, 1 << 16):
            yield chunk
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(reading)
    if os.waitstatus_to_exitcode(status) != 0:
        raise CommandFailed(f"{' '.join(argv)} ended with exit code {os.waitstatus_to_exitcode(status)}.")


def collect(pieces: Iterable[bytes]) -> bytes | None:
    """Return the whole output of a program that `stream` started, or None if it fails."""
    try:
        return b"".join(pieces)
    except CommandFailed:
        return None


def _spawn(argv: tuple[str, ...], variables: dict[str, str]) -> tuple[int, int, int]:
    """Start a program, and return its process id and the descriptors for its input and its output."""
    (reading, written), (taken, feeding) = os.pipe(), os.pipe()
    silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    files = [(os.POSIX_SPAWN_DUP2, taken, 0), (os.POSIX_SPAWN_DUP2, written, 1), silent]
    try:
        return os.posix_spawnp(argv[0], argv, variables, file_actions=files), feeding, reading
    except FileNotFoundError as error:
        os.close(feeding)
        os.close(reading)
        raise ToolMissing(f"{argv[0]} is not installed.") from error
    finally:
        os.close(written)
        os.close(taken)


def run(*argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None) -> str:
    """Run a program that must succeed and return its standard output.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: Its exit code is not 0.
        DiskFull: It reported that no space is left.
    """
    completed = attempt(*argv, cwd=cwd, extra=extra)
    if completed.returncode != 0:
        raise failure(completed, *argv)
    return completed.stdout


@contextmanager
def serving(
    *argv: str, log: Path, ready: Callable[[], bool], extra: Mapping[str, str | None] | None = None
) -> Generator[None]:
    """Run a server until the context exits or this process ends.

    Args:
        argv: The program and its arguments; never a secret.
        log: The file for its output.
        ready: Returns whether the server accepts requests; polled until it does.
        extra: Variables to set for the server; None removes a variable.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: It exited, or was not ready in time.
    """
    import subprocess
    import time

    if find(argv[0]) is None:
        raise ToolMissing(f"{argv[0]} is not installed.")
    _log(argv)
    deadline = time.monotonic() + PATIENCE
    command = ("sh", "-c", TIED, "sh", *argv)
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            command, env=environment(extra), stdin=subprocess.PIPE, stdout=stream, stderr=subprocess.STDOUT
        ) as server,
    ):
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_WORDS:])
                raise CommandFailed(f"{argv[0]} did not start:\n{end}")
            time.sleep(0.05)
        yield


def failure(completed: Completed, *argv: str) -> RndError:
    """Return the error for a program that failed."""
    import shlex

    message = f"{shlex.join(argv)} ended with exit code {completed.returncode}:\n{last_words(completed)}"
    return DiskFull(message) if "No space left on device" in message else CommandFailed(message)


def last_words(completed: Completed, lines: int = LAST_WORDS) -> str:
    """Return the last lines of a program's standard error, or of its standard output if standard error is empty."""
    printed = (completed.stderr.strip() or completed.stdout.strip() or "(no output)").splitlines()
    shown = printed[-lines:]
    if len(printed) > lines:
        shown.insert(0, f"… ({len(printed) - lines} earlier lines)")
    return "\n".join(shown)

"""The command line: arguments in, exit code out."""

from __future__ import annotations

import errno
import io
import os
import sys

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from rnd.errors import RndError


BARE_NEXT = ["version", "next"]  # every job calls this


def program() -> int:
    """Run the command line of this process, and return the exit code."""
    import gc

    if sys.argv[1:] != BARE_NEXT:
        # What is imported stays. By default, Python looks for garbage in it again and again: a seventh of a start.
        gc.set_threshold(50_000)
        return main()
    # A process this short has no garbage to collect, and all is printed when it ends: that saves 5 ms.
    gc.disable()
    code = main()
    sys.stderr.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program; by default that of this process.

    Returns:
        The exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character shows "?"
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == BARE_NEXT:
        from rnd.version.quick import print_next

        return _run(print_next)
    import signal  # takes 1 ms

    from rnd.commands import build_parser

    options = build_parser().parse_args(given)
    signal.signal(signal.SIGTERM, _interrupt)
    verbose, as_json = getattr(options, "verbose", False), getattr(options, "json", False)
    return _run(lambda: options.run(options), options.directory, verbose=verbose, as_json=as_json)


def _run(
    command: Callable[[], int], directory: str | None = None, *, verbose: bool = False, as_json: bool = False
) -> int:
    # Imported late: `--help` and `--version` do not need them.
    from rnd.errors import ExitCode, Interrupted, UnexpectedError, UsageError

    if verbose:
        import logging

        from rnd.report import print_log

        print_log("rnd.process", logging.DEBUG)
    try:
        if directory is not None:
            _enter(directory, UsageError)
        return int(command())
    except KeyboardInterrupt:
        return _complain(Interrupted("Interrupted."), as_json=as_json)
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:
        foreseen = _foreseen(error)
        if foreseen is None and verbose:
            raise
        return _complain(foreseen or UnexpectedError(f"{type(error).__name__}: {error}."), as_json=as_json)


def _foreseen(error: Exception) -> RndError | None:
    """Return the catalogued error for an exception, or None if there is none."""
    from rnd.errors import DiskFull, RndError

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DiskFull(f"{error}.")
    return error if isinstance(error, RndError) else None


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _enter(directory: str, refused: type[Exception]) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise refused(f"-C {directory}: {error.strerror}.") from error


def _complain(error: RndError, *, as_json: bool) -> int:
    from rnd.report import print_error

    print_error(error, as_json=as_json)
    return int(error.exit_code)

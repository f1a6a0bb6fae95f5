"""The command line: arguments in, exit code out."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys

from rnd.commands import build_parser

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import NoReturn

    from rnd.errors import RndError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program; by default that of this process.

    Returns:
        The exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character shows "?"
    options = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    # Imported late: `--help` and `--version` do not need them.
    from rnd.errors import ExitCode, Interrupted, UnexpectedError, UsageError

    verbose = getattr(options, "verbose", False)
    if verbose:
        import logging

        from rnd.report import print_log

        print_log("rnd.process", logging.DEBUG)
    try:
        if options.directory is not None:
            _enter(options.directory, UsageError)
        return int(options.run(options))
    except KeyboardInterrupt:
        return _complain(Interrupted("Interrupted."), options)
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:
        foreseen = _foreseen(error)
        if foreseen is None and verbose:
            raise
        return _complain(foreseen or UnexpectedError(f"{type(error).__name__}: {error}."), options)


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


def _complain(error: RndError, options: argparse.Namespace) -> int:
    from rnd.report import print_error

    print_error(error, as_json=getattr(options, "json", False))
    return int(error.exit_code)

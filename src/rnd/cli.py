"""The command line: arguments in, exit code out. A command's module is imported only when the command runs."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import signal
import sys

from rnd.options import Parser, defined_in

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import NoReturn

    from rnd.errors import RndError

# command: its line in `rnd --help`; the module of the same name in `rnd.commands` defines it
COMMANDS = {
    "new": "create a repository: ask, render, set up",
    "setup": "complete the set-up of a repository, or repeat it",
    "update": "bring later template changes into a repository",
    "doctor": "report what is missing on this machine and in the accounts, and how to fix it",
    "version": "derive the next version and explain it; write it, check it",
    "release": "publish what a commit builds: the wheel, the image, the release",
    "github": "sign in to GitHub; compare a repository's settings with org.yml and apply them",
    "runners": "the machines that run the workflows, and the images on them",
    "ci": "what only a workflow step runs",
    "config": "print the values of org.yml",
    "rehearse": "run a repository's full lifecycle on this machine, with no account",
    "completion": "print the completion script of a shell",
}
# Former names, accepted for one release and hidden from the help.
ALIASES = {"environment": "ci.install", "sign-in": "ci.login", "gate": "ci.gate", "organisation": "config"}
EPILOG = """\
exit codes: 0 done or nothing to do; 1 failed; 2 usage error; 3 a check found a difference; 130 interrupted"""


def build_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="rnd",
        description="One command creates a research repository; one more keeps hundreds of them in order.",
        epilog=EPILOG,
    )
    parser.add_argument("-C", dest="directory", metavar="DIR", help="run as if started in DIR")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = {name: (summary, defined_in(f"rnd.commands.{name}")) for name, summary in COMMANDS.items()}
    commands["rehearse"] = (COMMANDS["rehearse"], lambda parser: installed("rehearse").configure(parser))
    hidden = {name: defined_in(f"rnd.commands.{module}") for name, module in ALIASES.items()}
    parser.add_commands("command", commands, hidden)
    return parser


def installed(command: str) -> ModuleType:
    """Return the module of a command that another package provides.

    Where no such package is installed, return a module whose command explains how to get it.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group="rnd.commands", name=command):
        module: ModuleType = entry.load()
        return module
    return importlib.import_module("rnd.commands.not_installed")


class Version(argparse.Action):
    """Print the version and exit."""

    def __call__(self, *_: object) -> NoReturn:
        """Read it from the name of the metadata folder: importlib.metadata would double the start-up time."""
        for folder in filter(os.path.isdir, sys.path):
            for entry in os.scandir(folder):
                if entry.name.startswith("rnd_template-") and entry.name.endswith(".dist-info"):
                    print("rnd", entry.name.removeprefix("rnd_template-").removesuffix(".dist-info"))
                    sys.exit(0)
        sys.exit("rnd is not installed")


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
    from rnd import process
    from rnd.errors import ExitCode, Interrupted, UnexpectedError, UsageError

    verbose = getattr(options, "verbose", False)
    if verbose:
        process.trace = lambda command: print("+", command, file=sys.stderr, flush=True)
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

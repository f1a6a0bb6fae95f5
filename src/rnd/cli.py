"""Arguments in, exit code out. Each command's own module is imported only when that command is called."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys

from rnd.options import Parser

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import NoReturn

    from rnd.errors import RndError

# command: the module that defines its arguments (None: another package provides it), and its line in `rnd --help`
COMMANDS = {
    "new": ("rnd.commands.project", "make a repository: ask, render, set up"),
    "setup": ("rnd.commands.project", "finish or repeat the set-up of a repository"),
    "environment": ("rnd.commands.project", "install the environment that the lock file says, and lock nothing"),
    "sign-in": ("rnd.commands.sign_in", "let the later steps of a job install the organisation's own packages"),
    "update": ("rnd.commands.project", "bring later template changes in"),
    "doctor": ("rnd.commands.project", "what is missing on this machine and in the accounts, and what to do"),
    "version": ("rnd.commands.version", "which version comes next, and why; write it, check it"),
    "release": ("rnd.commands.release", "publish what a commit makes: the wheel, the image, the release"),
    "github": ("rnd.commands.github", "the repository on GitHub: sign in, compare its settings, mend them"),
    "gate": ("rnd.commands.gate", "may a pull request be merged, by what became of its jobs"),
    "organisation": ("rnd.commands.config", "print the values of org.yml"),
    "runners": ("rnd.commands.runners", "the machines that run the workflows, and the images on them"),
    "rehearse": (None, "live a repository's whole life on this machine"),
    "completion": ("rnd.cli", "print the completion script of a shell"),
}
EPILOG = """\
exit codes: 0 done or nothing to do; 1 failed; 2 wrong usage; 3 a check found a difference; 130 interrupted"""


def build_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="rnd",
        description="One command makes a research repository; one more keeps hundreds of them in shape.",
        epilog=EPILOG,
    )
    parser.add_argument("-C", dest="directory", metavar="DIR", help="run as if started in DIR")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    parser.add_commands(
        "command", {name: (summary, _imported(module, name)) for name, (module, summary) in COMMANDS.items()}
    )
    return parser


def _imported(module: str | None, name: str) -> Callable[[Parser], None]:
    """Return a function that imports a command's module, and only then defines its arguments."""

    def configure(parser: Parser) -> None:
        (importlib.import_module(module) if module else installed(name)).CONFIGURE[name](parser)

    return configure


def installed(name: str) -> ModuleType:
    """Return the module of a command that another package provides, by an entry point of the group `rnd.commands`."""
    from importlib.metadata import entry_points

    from rnd import commands

    for entry in entry_points(group="rnd.commands", name=name):
        module: ModuleType = entry.load()
        return module
    return importlib.import_module(f"{commands.__name__}.not_installed")


class Version(argparse.Action):
    """Print the version and stop."""

    def __call__(self, *_: object) -> NoReturn:
        """Read it off the metadata folder's name: importlib.metadata would take longer than all the rest."""
        for folder in filter(os.path.isdir, sys.path):
            for entry in os.scandir(folder):
                if entry.name.startswith("rnd_template-") and entry.name.endswith(".dist-info"):
                    print("rnd", entry.name.removeprefix("rnd_template-").removesuffix(".dist-info"))
                    sys.exit(0)
        sys.exit("rnd is not installed")


def configure_completion(parser: Parser) -> None:
    """Define the arguments of `rnd completion`."""
    parser.add_argument("shell", choices=("bash", "zsh"), help="the shell")
    parser.set_defaults(run=completion)


def completion(options: argparse.Namespace) -> int:
    """Print the script; `eval "$(rnd completion bash)"` in a shell's start-up file makes it work."""
    import shtab

    parser = build_parser()
    parser.define(deeply=True)
    print(shtab.complete(parser, options.shell))
    return 0


CONFIGURE = {"completion": configure_completion}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program; this process's own when left out.

    Returns:
        The exit code.
    """
    options = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    # Only now that there is work to do.
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
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:
        foreseen = _foreseen(error)
        if foreseen is None and verbose:
            raise
        return _complain(foreseen or UnexpectedError(f"{type(error).__name__}: {error}."), options)


def _foreseen(error: Exception) -> RndError | None:
    """Return the entry of the catalogue that an error is, or amounts to wherever it happens; None for any other."""
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

"""Arguments in, exit code out. Each command's own module is imported only when that command is called."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from rnd.errors import RndError

# command: the module that defines its arguments, and its line in `rnd --help`
COMMANDS = {
    "doctor": ("rnd.create.commands", "what is missing on this machine, and what to do"),
}
EPILOG = """\
exit codes: 0 done or nothing to do; 1 failed; 2 wrong usage; 3 a check found a difference; 130 interrupted"""


class LazyParser(argparse.ArgumentParser):
    """A parser whose arguments are defined when it is first used."""

    configure: Callable[[LazyParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Define the arguments, then parse."""
        self.define()
        return super().parse_known_args(args, namespace)

    def define(self) -> None:
        """Define the arguments, once."""
        configure, self.configure = self.configure, None
        if configure is not None:
            configure(self)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="rnd",
        description="One command makes a research repository; one more keeps hundreds of them in shape.",
        epilog=EPILOG,
        formatter_class=_formatter,
    )
    parser.add_argument("-C", dest="directory", metavar="DIR", help="run as if started in DIR")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(
        prog="rnd", dest="command", metavar="COMMAND", required=True, parser_class=LazyParser
    )
    for name, (module, summary) in COMMANDS.items():
        description = summary[0].upper() + summary[1:] + "."
        command = commands.add_parser(name, help=summary, description=description, formatter_class=_formatter)
        command.configure = _configuration(module, name)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width, argparse imports shutil to find it.
    try:
        width = os.get_terminal_size().columns
    except OSError:
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width, 100) - 2)


def _configuration(module: str, name: str) -> Callable[[LazyParser], None]:
    def configure(parser: LazyParser) -> None:
        importlib.import_module(module).CONFIGURE[name](parser)

    return configure


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program; this process's own when left out.

    Returns:
        The exit code (SPEC §7).
    """
    options = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    # Only now that there is work to do.
    from rnd.errors import ExitCode, Interrupted, RndError, UsageError

    try:
        if options.directory is not None:
            _enter(options.directory, UsageError)
        return int(options.run(options))
    except RndError as error:
        return _complain(error, options)
    except KeyboardInterrupt:
        return _complain(Interrupted("Interrupted."), options)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED


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

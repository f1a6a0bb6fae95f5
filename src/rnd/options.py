"""Declare command lines: parsers that define their arguments when first used, and options that commands share."""

from __future__ import annotations

import argparse
import importlib
import os

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from _typeshed import DataclassInstance

    Configure = Callable[["Parser"], None]
    Options = TypeVar("Options", bound=DataclassInstance)


class Parser(argparse.ArgumentParser):
    """The parser of one command. Its arguments are defined when it is first used.

    Attributes:
        configure: Defines the arguments; None once it has run.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        kwargs.setdefault("formatter_class", _formatter)
        super().__init__(*args, **kwargs)
        self.configure: Configure | None = None
        self.commands: dict[str, LazyParser | Parser] = {}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Define the arguments, then parse."""
        self.define()
        return super().parse_known_args(args, namespace)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:  # noqa: ANN401
        """Refuse `--option=--`, for which argparse would return an empty list instead of a text."""
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            raise argparse.ArgumentError(action, "expected one argument")
        return super()._get_values(action, arg_strings)

    def define(self, *, deeply: bool = False) -> None:
        """Define the arguments once; with `deeply`, also those of every command below."""
        configure, self.configure = self.configure, None
        if configure is not None:
            configure(self)
        if deeply:
            for name, command in self.commands.items():
                if isinstance(command, LazyParser):
                    self.commands[name] = command.create(deeply=True)

    def add_commands(
        self,
        dest: str,
        commands: Mapping[str, tuple[str, Configure]],
        hidden: Mapping[str, Configure] | None = None,
    ) -> None:
        """Declare commands.

        Args:
            dest: The attribute that holds the chosen command's name after parsing.
            commands: Each command's name, with its line of help and the function that defines its arguments.
            hidden: Former names, accepted and left out of the help.
        """
        # With an explicit prog, argparse does not format the usage to find it.
        declare: Any = self.add_subparsers
        adder = declare(prog=self.prog, dest=dest, metavar="COMMAND", required=True, parser_class=LazyParser)
        for name, (summary, configure) in commands.items():
            adder.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", configure=configure)
        for name, configure in (hidden or {}).items():
            adder.add_parser(name, configure=configure)
        self.commands = adder.choices


class LazyParser:
    """What argparse sees of the parser of a command, which is created when that command is used: each takes 0.2 ms."""

    def __init__(self, configure: Configure, **arguments: Any) -> None:  # noqa: ANN401
        """Keep the arguments of the parser."""
        self._configure = configure
        self._arguments = arguments

    def create(self, *, deeply: bool = False) -> Parser:
        """Create the parser; with `deeply`, also define its arguments and those of every command below."""
        parser = Parser(**self._arguments)
        parser.configure = self._configure
        if deeply:
            parser.define(deeply=True)
        return parser

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Create the parser, and parse with it."""
        return self.create().parse_known_args(args, namespace)


def defined_in(module: str) -> Configure:
    """Return a function that imports a module when its command is first used, and calls its `configure`."""

    def configure(parser: Parser) -> None:
        importlib.import_module(module).configure(parser)

    return configure


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width, argparse imports shutil to find one.
    try:
        width = os.get_terminal_size().columns
    except OSError:
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width, 100) - 2)


def select(kind: type[Options], options: argparse.Namespace, **others: object) -> Options:
    """Return the options of a command as a dataclass, so that what runs the command has typed options.

    Args:
        kind: The dataclass; each field is an option or one of `others`.
        options: The parsed command line.
        others: Fields that are not options, or not in the form that the command line has.
    """
    from dataclasses import fields  # takes 6 ms

    names = [field.name for field in fields(kind) if field.name not in others]
    return kind(**{name: getattr(options, name) for name in names}, **others)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that reports something."""
    parser.add_argument("--json", action="store_true", help="report as JSON")


def add_pending_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that derives a version while a release may be in progress."""
    parser.add_argument(
        "--pending",
        metavar="REF",
        help="a commit whose release may be in progress, such as origin/main: its version counts as released",
    )


def add_github_output_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command whose results later workflow steps need."""
    parser.add_argument(
        "--github-output", action="store_true", help="also write the results as outputs of the GitHub Actions step"
    )


def add_dry_run_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that shows a plan and applies nothing."""
    parser.add_argument(
        "--plan",
        "--dry-run",
        dest="only_show",
        action="store_true",
        help="show the planned changes without applying them",
    )


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that changes something."""
    add_dry_run_option(parser)
    add_json_option(parser)
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    loudness.add_argument("-v", "--verbose", action="store_true", help="print each command before it runs")


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument of commands that work on a local repository."""
    from pathlib import Path  # importing it takes 4 ms

    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the repository; by default this folder",
    )


def add_repository_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that works on a repository on GitHub."""
    parser.add_argument(
        "--repository",
        metavar="OWNER/NAME",
        help="the repository on GitHub; by default GITHUB_REPOSITORY, else the repository of the remote `origin`",
    )

"""How command lines are declared: parsers that define their arguments when first used, and options that many share."""

from __future__ import annotations

import argparse
import os

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Configure = Callable[["Parser"], None]


class Parser(argparse.ArgumentParser):
    """A parser of one command, whose arguments are defined when it is first used.

    Attributes:
        configure: Defines the arguments; None once it has.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        kwargs.setdefault("formatter_class", _formatter)
        super().__init__(*args, **kwargs)
        self.configure: Configure | None = None
        self.commands: list[Parser] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Define the arguments, then parse."""
        self.define()
        return super().parse_known_args(args, namespace)

    def define(self, *, deeply: bool = False) -> None:
        """Define the arguments, once; if deeply, those of every command below it too."""
        configure, self.configure = self.configure, None
        if configure is not None:
            configure(self)
        if deeply:
            for command in self.commands:
                command.define(deeply=True)

    def add_commands(self, dest: str, commands: Mapping[str, tuple[str, Configure]]) -> None:
        """Declare commands.

        Args:
            dest: The attribute that holds the chosen command's name after parsing.
            commands: Each one's name, with its line of help and the function that defines its arguments.
        """
        # Told the prog, argparse needs no formatter to find it.
        adder = self.add_subparsers(prog=self.prog, dest=dest, metavar="COMMAND", required=True)
        for name, (summary, configure) in commands.items():
            command = adder.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
            command.configure = configure
            self.commands.append(command)


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width, argparse imports shutil to find it.
    try:
        width = os.get_terminal_size().columns
    except OSError:
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width, 100) - 2)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Define the option of every command that reports something."""
    parser.add_argument("--json", action="store_true", help="report as JSON")


def add_pending_option(parser: argparse.ArgumentParser) -> None:
    """Define the option of every command that derives a version while another may still be being released."""
    parser.add_argument(
        "--pending",
        metavar="REF",
        help="a commit whose release may still be being made, such as origin/main: the version set there counts as one",
    )


def add_github_output_option(parser: argparse.ArgumentParser) -> None:
    """Define the option of every command whose results the later steps of a workflow need."""
    parser.add_argument(
        "--github-output", action="store_true", help="also write the results as outputs of a GitHub Actions step"
    )


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of every command that changes something."""
    parser.add_argument(
        "--plan", "--dry-run", dest="only_show", action="store_true", help="show what would be done, and change nothing"
    )
    add_json_option(parser)
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    loudness.add_argument("-v", "--verbose", action="store_true", help="say each command that is run")


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Define the argument of commands that work on a repository here."""
    from pathlib import Path  # takes 4 ms, which commands without it are spared

    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the repository; by default this one"
    )


def add_repository_option(parser: argparse.ArgumentParser) -> None:
    """Define the option of every command that works on a repository on GitHub."""
    parser.add_argument(
        "--repository",
        metavar="OWNER/NAME",
        help="the repository on GitHub; by default GITHUB_REPOSITORY, else the one that the remote `origin` names",
    )

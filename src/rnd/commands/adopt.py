"""`rnd adopt`: let an existing repository join."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.errors import ExitCode, UsageError
from rnd.options import add_folder_argument, add_plan_options

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd adopt`."""
    add_folder_argument(parser)
    parser.add_argument(
        "-d", "--data", action="append", default=[], metavar="NAME=VALUE", help="answer what the files do not say"
    )
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Analyse the repository, and report what would be done."""
    from rnd import report
    from rnd.adopt.analysis import analyse
    from rnd.adopt.answers import settle
    from rnd.adopt.report import describe, print_analysis
    from rnd.adopt.repository import look
    from rnd.organisation import load_organisation

    organisation = load_organisation()
    existing = look(options.folder.resolve(), organisation.template.repository)
    found = analyse(existing.tree, existing.tag, existing.branch)
    settle(found, answers(options.data))
    if options.json:
        report.print_json(describe(existing, found))
    else:
        print_analysis(existing, found)
    return ExitCode.DIFFERENCE if found.points else ExitCode.DONE


def answers(pairs: list[str]) -> dict[str, str]:
    """Return the answers of `--data`.

    Raises:
        UsageError: One is not NAME=VALUE.
    """
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageError(f"--data {pair} is not NAME=VALUE.")
        found[name] = value
    return found

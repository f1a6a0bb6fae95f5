"""`rnd doctor`: report what is missing and how to fix it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rnd import report
from rnd.errors import ExitCode
from rnd.options import add_json_option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rnd.doctor.machine import Finding
    from rnd.organisation import Organisation


MARKS = {"ok": "✓", "missing": "✗", "optional": "·"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd doctor`."""
    parser.add_argument(
        "--organisation",
        action="store_true",
        help="check what the organisation needs on GitHub and AWS, in the order of docs/first-time.md",
    )
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Report what is installed and what is missing."""
    from rnd.organisation import load_organisation

    organisation = load_organisation()
    findings = tuple(_of_organisation(organisation) if options.organisation else _of_machine(organisation))
    if options.json:
        report.print_json([vars(finding) for finding in findings])
    else:
        rows = [(MARKS[finding.state], finding.name, finding.found, finding.hint) for finding in findings]
        report.print_table(("", "needed", "found", "what to do"), rows)
    return ExitCode.DIFFERENCE if any(finding.state == "missing" for finding in findings) else ExitCode.DONE


def _of_machine(organisation: Organisation) -> Iterator[Finding]:
    from rnd.doctor.accounts import examine_accounts
    from rnd.doctor.machine import examine
    from rnd.doctor.repository import examine_repository

    yield from examine(organisation)
    yield from examine_accounts(organisation)
    yield from examine_repository(Path.cwd())


def _of_organisation(organisation: Organisation) -> Iterator[Finding]:
    from rnd.doctor.cloud import examine_cloud
    from rnd.doctor.organisation import examine_github

    yield from examine_github(organisation)
    yield from examine_cloud(organisation)

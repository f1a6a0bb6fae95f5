"""`rnd doctor`: report what is missing and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import report
from rnd.errors import ExitCode
from rnd.options import add_json_option

if TYPE_CHECKING:
    import argparse


MARKS = {"ok": "✓", "missing": "✗", "optional": "·"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd doctor`."""
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Report what is installed and what is missing."""
    from rnd.doctor.accounts import examine_accounts
    from rnd.doctor.machine import examine
    from rnd.organisation import load_organisation

    organisation = load_organisation()
    findings = (*examine(organisation), *examine_accounts(organisation))
    if options.json:
        report.print_json([vars(finding) for finding in findings])
    else:
        rows = [(MARKS[finding.state], finding.name, finding.found, finding.hint) for finding in findings]
        report.print_table(("", "needed", "found", "what to do"), rows)
    return ExitCode.DIFFERENCE if any(finding.state == "missing" for finding in findings) else ExitCode.DONE

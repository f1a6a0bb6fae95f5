"""`rnd fleet audit`: report known vulnerabilities in what the repositories lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import add_selection, connected, selection, within_limits
from rnd.errors import ExitCode
from rnd.options import add_json_option

if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser

EXIT_CODES = """\
exit codes: 0 no known vulnerabilities; 3 at least one; 1 at least one repository could not be read, after all others
were"""


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet audit`."""
    parser.epilog = EXIT_CODES
    add_selection(parser, conditions=False)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")
    parser.add_argument(
        "--github-summary", action="store_true", help="also write the report to the summary of the GitHub Actions job"
    )
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Report known vulnerabilities in what the repositories lock."""
    from rnd import report
    from rnd.ci import outputs
    from rnd.fleet.audit import report as audit_report
    from rnd.fleet.audit.audit import audit
    from rnd.fleet.audit.osv import Advisories

    with connected(options) as (reader, organisation):
        advisories = Advisories(organisation.fleet.audit.service)
        checked = audit(reader, advisories, organisation, selection(options, organisation))
    owner = organisation.github.owner
    if options.github_summary:
        outputs.write_summary(audit_report.as_markdown(checked, owner))
    if options.json:
        report.print_json(audit_report.as_document(checked, owner))
    else:
        print(audit_report.as_text(checked, owner))
    if any(one.error for one in checked):
        return ExitCode.FAILED
    return ExitCode.DIFFERENCE if any(one.vulnerabilities for one in checked) else ExitCode.DONE

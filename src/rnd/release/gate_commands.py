"""The arguments of `rnd gate`, and what it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.arguments import add_json_option

if TYPE_CHECKING:
    import argparse

    from rnd.arguments import Parser


def configure_gate(parser: Parser) -> None:
    """Define the arguments of `rnd gate`."""
    parser.add_argument("needs", metavar="NEEDS", help="the `needs` context of the gate's job, as JSON")
    add_json_option(parser)
    parser.set_defaults(run=gate)


def gate(options: argparse.Namespace) -> int:
    """Report what became of every job of a run, and fail unless all of them pass."""
    from rnd import report
    from rnd.release.errors import NotGreen
    from rnd.release.gate import judge, read_needs

    findings = judge(read_needs(options.needs))
    stopping = [finding for finding in findings if not finding.passes]
    if stopping:
        raise NotGreen("Not green:\n" + "\n".join(f"  {finding.job}: {finding.reason}" for finding in stopping))
    if options.json:
        report.print_json({"jobs": {finding.job: finding.reason for finding in findings}})
    else:
        report.print_table(("job", "result"), [(finding.job, finding.reason) for finding in findings])
    return 0


CONFIGURE = {"gate": configure_gate}

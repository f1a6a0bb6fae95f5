"""`rnd ci gate`: decide from job results whether a pull request can merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.options import add_json_option, add_repository_option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd ci gate`."""
    parser.add_argument("needs", metavar="NEEDS", help="the `needs` context of the gate's job, as JSON")
    parser.add_argument(
        "--report",
        metavar="SHA",
        help="also report the result as the required status of this commit, which has no run of its own",
    )
    add_repository_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Report the result of each job of a run; fail unless all pass."""
    import os

    from rnd import report
    from rnd.ci.errors import NotGreen
    from rnd.ci.gate import is_conclusive, judge, read_needs

    needs = read_needs(options.needs)
    findings = judge(needs)
    stopping = [f"{finding.job}: {finding.reason}" for finding in findings if not finding.passes]
    if options.report and is_conclusive(needs):
        _report(options, stopping, os.environ)
    if stopping:
        raise NotGreen("Not green:\n" + "\n".join(f"  {line}" for line in stopping))
    if options.json:
        report.print_json({"jobs": {finding.job: finding.reason for finding in findings}})
    else:
        report.print_table(("job", "result"), [(finding.job, finding.reason) for finding in findings])
    return 0


def _report(options: argparse.Namespace, stopping: list[str], environ: Mapping[str, str]) -> None:
    from rnd.commands.github import connected
    from rnd.github.status import Status, plan_status
    from rnd.organisation import load_organisation
    from rnd.progress import Quiet

    required = load_organisation().github.repository.main.required_check
    with connected(options) as (client, repository):
        run = environ.get("GITHUB_RUN_ID")
        page = f"{client.addresses.server}/{repository}/actions/runs/{run}" if run else None
        wanted = Status(required, "success", "every job passed", page)
        if stopping:
            wanted = Status(required, "failure", "; ".join(stopping), page)
        plan_status(client, repository, options.report, wanted).apply(Quiet())

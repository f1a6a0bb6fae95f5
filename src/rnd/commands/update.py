"""`rnd update`: bring template changes into a repository."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rnd import report
from rnd.options import add_folder_argument, add_plan_options, select

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd update`."""
    add_folder_argument(parser)
    parser.add_argument("--defaults", action="store_true", help="ask no new questions and use the defaults")
    parser.add_argument(
        "--template",
        metavar="SOURCE",
        help="another template than the one in org.yml: an address or a folder you trust",
    )
    parser.add_argument("--vcs-ref", metavar="REF", help="a version of the template; by default its newest release")
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Bring template changes into a repository."""
    from rnd.organisation import load_organisation
    from rnd.project.update import plan_update

    ask = not options.defaults and sys.stdin.isatty()
    published = load_organisation().template.repository
    plan = plan_update(options.folder.resolve(), options.vcs_ref, options.template, published, ask=ask)
    outcomes = report.carry_out(plan, select(report.Output, options))
    changed = any(outcome.step.key == "template" and outcome.result == "applied" for outcome in outcomes)
    if changed and not options.json and not options.quiet:
        print("\nNothing is committed yet. Review the changes with `git diff`, then commit.")
    return 0

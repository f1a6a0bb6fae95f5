"""`rnd fleet status`: report how the repositories differ from org.yml and from the newest template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import (
    EXIT_CODES,
    add_reading,
    add_selection,
    check_output,
    chosen,
    connected,
    look_at,
    say_paused,
    within_limits,
    write_output,
)
from rnd.errors import ExitCode
from rnd.options import add_json_option

if TYPE_CHECKING:
    import argparse

    from rnd.fleet.view import View
    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet status`."""
    parser.epilog = EXIT_CODES
    add_selection(parser)
    add_reading(parser)
    parser.add_argument(
        "--html", metavar="FILE", help="also write the report as a page: one file that needs no network"
    )
    parser.add_argument(
        "--github-summary", action="store_true", help="also write the report to the summary of the GitHub Actions job"
    )
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Report how the repositories differ from org.yml and from the newest template."""
    from rnd import report
    from rnd.ci import outputs
    from rnd.fleet import report as fleet_report
    from rnd.fleet.update.seen import with_updates

    check_output("--html", options.html)
    with connected(options) as (reader, organisation):
        view = with_updates(reader, organisation, look_at(reader, organisation, options))
    shown = chosen(view, options)
    if options.html is not None:
        from rnd.fleet import page  # imports jinja2, which only the page needs

        write_output("--html", options.html, page.render(view, shown))
    if options.github_summary:
        outputs.write_summary(fleet_report.as_markdown(view))
    if options.json:
        report.print_json(fleet_report.as_document(view, shown))
    elif options.having:
        for one in shown:
            print(fleet_report.one_line(one, view.workflow_ref))
        if not shown:
            report.note(f"No repository is selected by --having {options.having}.")
    else:
        print(fleet_report.as_text(view))
    if view.paused is not None:
        say_paused(view.paused)
    return exit_code(view)


def exit_code(view: View) -> int:
    """Return the exit code for what was seen."""
    if view.unreadable or view.unlisted:
        return ExitCode.FAILED
    return ExitCode.DIFFERENCE if view.differing else ExitCode.DONE

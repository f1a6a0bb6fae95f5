"""`rnd fleet status`: report how the repositories differ from org.yml and from the newest template."""

from __future__ import annotations

from dataclasses import replace
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
    from collections.abc import Sequence

    from rnd.fleet.audit.saved import Saved
    from rnd.fleet.facts import Facts
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
        "--audit",
        metavar="AUDIT.json",
        help="show known vulnerabilities on the page: what `rnd fleet audit --json` printed",
    )
    parser.add_argument(
        "--github-summary", action="store_true", help="also write the report to the summary of the GitHub Actions job"
    )
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Report how the repositories differ from org.yml and from the newest template."""
    from rnd.ci import outputs
    from rnd.errors import UsageError
    from rnd.fleet import report as fleet_report
    from rnd.fleet.joining import with_joining
    from rnd.fleet.levels import with_levels
    from rnd.fleet.update.seen import with_updates

    check_output("--html", options.html)
    if options.audit is not None and options.html is None:
        raise UsageError("--audit is for the page only.", "Add --html FILE.")
    with connected(options) as (reader, organisation):
        audit = saved_audit(options.audit, organisation.github.owner)
        view = with_updates(reader, organisation, look_at(reader, organisation, options))
        view = with_levels(reader, with_joining(reader, view))
    shown = chosen(view, options)
    if options.html is not None:
        from rnd.fleet import page  # imports jinja2, which only the page needs

        write_output("--html", options.html, page.render(replace(view, audit=audit), shown))
    if options.github_summary:
        outputs.write_summary(fleet_report.as_markdown(view))
    _print(view, shown, options)
    if view.paused is not None:
        say_paused(view.paused)
    return exit_code(replace(view, repositories=shown))


def _print(view: View, shown: Sequence[Facts], options: argparse.Namespace) -> None:
    from rnd import report
    from rnd.fleet import report as fleet_report

    if options.json:
        report.print_json(fleet_report.as_document(view, shown))
    elif options.having:
        for one in shown:
            print(fleet_report.one_line(one, view.workflow_ref))
        if not shown:
            report.note(f"No repository is selected by --having {options.having}.")
    else:
        print(fleet_report.as_text(view))


def saved_audit(file: str | None, owner: str) -> Saved | None:
    """Return the result of an audit in a file, if one is named."""
    from pathlib import Path

    from rnd.fleet.audit.saved import read_saved

    return None if file is None else read_saved(Path(file), owner)


def exit_code(view: View) -> int:
    """Return the exit code for the selected repositories."""
    if view.unreadable or view.unlisted:
        return ExitCode.FAILED
    return ExitCode.DIFFERENCE if view.differing else ExitCode.DONE

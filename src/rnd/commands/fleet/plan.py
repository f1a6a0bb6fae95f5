"""`rnd fleet plan`: report what `rnd fleet apply` would change, and what that takes."""

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

    from rnd.fleet.plan_file import FleetPlan
    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View
    from rnd.options import Parser
    from rnd.organisation import Organisation


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet plan`."""
    parser.epilog = EXIT_CODES
    add_selection(parser)
    add_reading(parser)
    parser.add_argument("--out", metavar="PLAN.json", help="write the plan to a file, for `rnd fleet apply PLAN.json`")
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Report what `rnd fleet apply` would change, and what that takes."""
    from rnd import report
    from rnd.fleet import plan_report
    from rnd.fleet.plan_file import as_json

    check_output("--out", options.out)
    with connected(options) as (reader, organisation):
        view, made = planned(reader, organisation, options)
    if options.out is not None:
        write_output("--out", options.out, as_json(made))
    if options.json:
        report.print_json(plan_report.as_document(view, made))
    else:
        print(plan_report.as_text(view, made, options.out))
    if view.paused is not None:
        say_paused(view.paused)
    if view.unreadable or view.unlisted:
        return ExitCode.FAILED
    lacking = any(one.lacking for one in view.repositories)
    return ExitCode.DIFFERENCE if made.repositories or lacking else ExitCode.DONE


def planned(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> tuple[View, FleetPlan]:
    """Look at the fleet, and plan the changes of the selected repositories."""
    from rnd.fleet.comparison import settings_of
    from rnd.fleet.plan_file import make_plan

    view = look_at(reader, organisation, options)
    view = replace(view, repositories=chosen(view, options))
    return view, make_plan(view, reader.client.addresses.api, settings_of(reader, organisation))

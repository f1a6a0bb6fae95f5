"""`rnd fleet plan`: report what `rnd fleet apply` and `rnd fleet update` would change, and what that takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import (
    EXIT_CODES,
    add_parts,
    add_reading,
    add_selection,
    check_output,
    chosen,
    connected,
    look_at,
    say_paused,
    selection,
    within_limits,
    write_output,
)
from rnd.errors import ExitCode
from rnd.options import add_json_option

if TYPE_CHECKING:
    import argparse

    from rnd.fleet.plan_file import FleetPlan
    from rnd.fleet.reading import Reader
    from rnd.fleet.update.report import NextTick
    from rnd.fleet.view import View
    from rnd.options import Parser
    from rnd.organisation import Organisation


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet plan`."""
    parser.epilog = EXIT_CODES
    add_selection(parser)
    add_reading(parser)
    add_parts(parser, "only this part of the plan; by default all three")
    parser.add_argument(
        "--out", metavar="PLAN.json", help="write the plan of the settings to a file, for `rnd fleet apply PLAN.json`"
    )
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Report what `rnd fleet apply` and `rnd fleet update` would change, and what that takes."""
    from rnd import report
    from rnd.errors import UsageError
    from rnd.fleet import plan_report
    from rnd.fleet.plan_file import as_json

    if options.out is not None and options.only not in {None, "settings"}:
        raise UsageError("A plan file has settings only.", f"Omit --out, or --only {options.only}.")
    check_output("--out", options.out)
    with connected(options) as (reader, organisation):
        view, made = planned(reader, organisation, options)
        tick = _next_tick(reader, organisation, options) if options.only in {None, "template"} else None
    if options.out is not None:
        write_output("--out", options.out, as_json(made))
    if options.json:
        report.print_json(plan_report.as_document(view, made, tick))
    else:
        print(plan_report.as_text(view, made, options.out, tick, options.only))
    if view.paused is not None:
        say_paused(view.paused)
    if view.unreadable or view.unlisted:
        return ExitCode.FAILED
    return ExitCode.DIFFERENCE if plan_report.differs(view, made, tick, options.only) else ExitCode.DONE


def _next_tick(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> NextTick:
    """Return what the next tick of the update pull requests would do in the selected repositories."""
    from rnd.fleet.update.decide import RENDERED
    from rnd.fleet.update.report import next_tick
    from rnd.fleet.update.tick import observe
    from rnd.runners.simulation.burst import cost_text

    chosen_here = selection(options, organisation)
    decisions = [one for one in observe(reader, organisation).decisions if one.member in chosen_here]
    pulls = sum(one.kind in RENDERED for one in decisions)
    return next_tick(decisions, cost_text(organisation, pulls) if pulls else None)


def planned(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> tuple[View, FleetPlan]:
    """Look at the fleet, and plan the changes of the selected repositories."""
    from rnd.fleet.comparison import settings_of
    from rnd.fleet.plan_file import make_plan

    view = look_at(reader, organisation, options)
    view = replace(view, repositories=chosen(view, options))
    return view, make_plan(view, reader.client.addresses.api, settings_of(reader, organisation))

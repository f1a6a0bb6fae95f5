"""`rnd fleet apply`: bring the settings of the selected repositories in order, or do exactly what a plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.fleet import plan
from rnd.commands.fleet.shared import (
    EXIT_CODES,
    add_parts,
    add_reading,
    add_selection,
    check_matches,
    connected,
    say_paused,
    selection,
    within_limits,
)
from rnd.errors import ExitCode
from rnd.options import add_dry_run_option, add_json_option

if TYPE_CHECKING:
    import argparse

    from rnd.fleet.plan_file import FleetPlan
    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View
    from rnd.options import Parser
    from rnd.organisation import Organisation


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet apply`."""
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "file",
        nargs="?",
        metavar="PLAN.json",
        help="do exactly what this plan says; by default, look at the fleet first",
    )
    add_selection(parser)
    add_reading(parser)
    add_parts(parser, "settings, which is the default; pull requests change the others: `rnd fleet update`")
    parser.add_argument("--at-most", metavar="N", type=int, help="change at most N repositories")
    add_dry_run_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run), out=None)


def run(options: argparse.Namespace) -> int:
    """Bring the settings of the selected repositories in order, or do exactly what a plan says."""
    from rnd import report
    from rnd.fleet import plan_report
    from rnd.fleet.apply import Applier

    _check_combination(options)
    options.only = "settings"
    if options.only_show and options.file is None:
        return plan.run(options)
    with connected(options) as (reader, organisation):
        view, made, left_out, names = _what_to_apply(reader, organisation, options)
        if options.only_show:
            print(plan_report.left_out_text(made, left_out))
            return ExitCode.DIFFERENCE if made.repositories else ExitCode.DONE
        tell = (lambda _: None) if options.quiet or options.json else plan_report.tell
        applier = Applier(reader.client, organisation, reader.governor, tell)
        results = applier.run(made.repositories, left_out, names, options.at_most)
    if options.json:
        report.print_json(plan_report.results_document(results, view))
    else:
        print(plan_report.results_text(results, view))
    if results.paused is not None:
        return say_paused(results.paused)
    if results.stopped is not None:
        report.print_error(results.stopped, as_json=False)
    return plan_report.exit_code(results, view)


def _check_combination(options: argparse.Namespace) -> None:
    from rnd.errors import UsageError

    if options.only not in {None, "settings"}:
        raise UsageError(
            f"`rnd fleet apply` changes no files of repositories, so it cannot apply --only {options.only}.",
            "Pull requests change them: `rnd fleet update`.",
        )
    if options.file is not None and (options.having or options.full or options.rotate):
        raise UsageError(
            "A plan says which settings of which repositories to change.", "Omit --having, --full and --rotate."
        )
    if options.at_most is not None and options.at_most < 1:
        raise UsageError("--at-most must be at least 1.")


def _what_to_apply(
    reader: Reader, organisation: Organisation, options: argparse.Namespace
) -> tuple[View | None, FleetPlan, dict[int, str], dict[int, str]]:
    """Return the fleet unless there is a plan file, the plan, what it leaves out and why, and the present names."""
    from pathlib import Path

    from rnd.fleet.comparison import wanted_settings
    from rnd.fleet.plan_file import read_plan
    from rnd.fleet.rings import ring_of
    from rnd.fleet.second_look import look_again

    if options.file is None:
        view, made = plan.planned(reader, organisation, options)
        return view, made, {}, {}
    wanted = wanted_settings(reader, organisation)
    made = read_plan(Path(options.file), organisation.github.owner, reader.client.addresses.api, wanted)
    chosen_here = selection(options, organisation)
    rings = organisation.fleet.rings
    check_matches(options, [one.name for one in made.repositories], in_plan=True)
    kept = [one for one in made.repositories if chosen_here.has(one.name, ring_of(one.name, one.id, rings))]
    made = made.model_copy(update={"repositories": kept})
    left_out, names = look_again(reader, organisation, kept)
    return None, made, left_out, names

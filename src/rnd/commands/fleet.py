"""`rnd fleet …`: see all repositories of the organisation, plan their settings, apply them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnd.errors import ExitCode
from rnd.options import add_dry_run_option, add_json_option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rnd.fleet.facts import Facts
    from rnd.fleet.governor import Paused
    from rnd.fleet.inventory import Selection
    from rnd.fleet.plan_file import FleetPlan
    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View
    from rnd.options import Parser
    from rnd.organisation import Organisation

CONDITIONS = ("drift", "behind", "held", "failing", "unreadable")
EXIT_CODES = """\
exit codes: 0 all in order; 3 something differs; 1 at least one repository could not be seen or changed, after all
others were"""


def configure(parser: Parser) -> None:
    """Define the commands of `rnd fleet`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("repositories; by default all of the organisation that come from this template")
    group.add_argument("--ring", metavar="NAME", help="only this ring of org.yml")
    group.add_argument(
        "--repository",
        metavar="GLOB",
        action="append",
        default=[],
        help="only repositories whose name matches; may be repeated",
    )
    group.add_argument(
        "--having",
        metavar="CONDITION",
        choices=CONDITIONS,
        help=f"only repositories with a condition: {', '.join(CONDITIONS)}",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--full",
        action="store_true",
        help="also read the settings that only the REST API has: three requests for each repository",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")


def configure_status(parser: Parser) -> None:
    """Define the arguments of `rnd fleet status`."""
    parser.epilog = EXIT_CODES
    _add_selection(parser)
    _add_reading(parser)
    parser.add_argument(
        "--html", metavar="FILE", help="also write the report as a page: one file that needs no network"
    )
    parser.add_argument(
        "--github-summary", action="store_true", help="also write the report to the summary of the GitHub Actions job"
    )
    add_json_option(parser)
    parser.set_defaults(run=within_limits(status))


def configure_plan(parser: Parser) -> None:
    """Define the arguments of `rnd fleet plan`."""
    parser.epilog = EXIT_CODES
    _add_selection(parser)
    _add_reading(parser)
    parser.add_argument("--out", metavar="PLAN.json", help="write the plan to a file, for `rnd fleet apply PLAN.json`")
    add_json_option(parser)
    parser.set_defaults(run=within_limits(plan))


def configure_apply(parser: Parser) -> None:
    """Define the arguments of `rnd fleet apply`."""
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "file",
        nargs="?",
        metavar="PLAN.json",
        help="do exactly what this plan says; by default, look at the fleet first",
    )
    _add_selection(parser)
    _add_reading(parser)
    parser.add_argument("--at-most", metavar="N", type=int, help="change at most N repositories")
    add_dry_run_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=within_limits(apply), out=None)


def status(options: argparse.Namespace) -> int:
    """Report how the repositories differ from org.yml and from the newest template."""
    from pathlib import Path

    from rnd import report
    from rnd.fleet import report as fleet_report
    from rnd.fleet.view import look

    with connected(options) as (reader, organisation):
        view = look(reader, organisation, selection(options, organisation), full=options.full)
    shown = chosen(view, options)
    if options.html is not None:
        _write_page(Path(options.html), view, shown)
    if options.github_summary:
        report.write_github_summary(fleet_report.as_markdown(view))
    if options.json:
        report.print_json(fleet_report.as_document(view, shown))
    elif options.having:
        for one in shown:
            print(fleet_report.one_line(one))
    else:
        print(fleet_report.as_text(view))
    return exit_code(view)


def _write_page(path: Path, view: View, shown: tuple[Facts, ...]) -> None:
    from rnd.errors import UsageError
    from rnd.fleet import page  # imports jinja2, which only the page needs

    try:
        path.write_text(page.render(view, shown), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html {path}: {error.strerror}.", "Choose another file.") from error


def plan(options: argparse.Namespace) -> int:
    """Report what `rnd fleet apply` would change, and what that takes."""
    from pathlib import Path

    from rnd import report
    from rnd.fleet import plan_report
    from rnd.fleet.plan_file import write_plan

    with connected(options) as (reader, organisation):
        view, made = planned(reader, organisation, options)
    if options.out is not None:
        write_plan(made, Path(options.out))
    if options.json:
        report.print_json(plan_report.as_document(view, made))
    else:
        print(plan_report.as_text(view, made, options.out))
    return ExitCode.FAILED if view.unreadable else ExitCode.DIFFERENCE if made.repositories else ExitCode.DONE


def planned(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> tuple[View, FleetPlan]:
    """Look at the fleet, and plan the changes of the selected repositories."""
    from dataclasses import replace

    from rnd.fleet.plan_file import make_plan
    from rnd.fleet.view import look, settings_of

    view = look(reader, organisation, selection(options, organisation), full=options.full)
    view = replace(view, repositories=chosen(view, options))
    return view, make_plan(view, reader.client.addresses.api, settings_of(reader, organisation))


def apply(options: argparse.Namespace) -> int:
    """Bring the settings of the selected repositories in order, or do exactly what a plan says."""
    from rnd import report
    from rnd.fleet import plan_report
    from rnd.fleet.apply import Applier

    _check_combination(options)
    if options.only_show and options.file is None:
        return plan(options)
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

    if options.file is not None and (options.having or options.full):
        raise UsageError("A plan says which settings of which repositories to change.", "Omit --having and --full.")
    if options.at_most is not None and options.at_most < 1:
        raise UsageError("--at-most must be at least 1.")


def _what_to_apply(
    reader: Reader, organisation: Organisation, options: argparse.Namespace
) -> tuple[View | None, FleetPlan, dict[int, str], dict[int, str]]:
    """Return the fleet unless there is a plan file, the plan, what it leaves out and why, and the present names."""
    from pathlib import Path

    from rnd.fleet.again import look_again
    from rnd.fleet.inventory import ring_of
    from rnd.fleet.plan_file import read_plan
    from rnd.fleet.view import wanted_settings

    if options.file is None:
        view, made = planned(reader, organisation, options)
        return view, made, {}, {}
    wanted = wanted_settings(reader, organisation)
    made = read_plan(Path(options.file), organisation.github.owner, reader.client.addresses.api, wanted)
    chosen_here = selection(options, organisation)
    rings = organisation.fleet.rings
    kept = [one for one in made.repositories if chosen_here.has(one.name, ring_of(one.name, one.id, rings))]
    made = made.model_copy(update={"repositories": kept})
    left_out, names = look_again(reader, organisation, kept)
    return None, made, left_out, names


def exit_code(view: View) -> int:
    """Return the exit code for what was seen."""
    if view.unreadable:
        return ExitCode.FAILED
    return ExitCode.DIFFERENCE if view.differing else ExitCode.DONE


def within_limits(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return a command that reports it when GitHub's limits end it."""

    def run(options: argparse.Namespace) -> int:
        from rnd.fleet.governor import Paused

        try:
            return command(options)
        except Paused as paused:
            return say_paused(paused)

    return run


def say_paused(paused: Paused) -> int:
    """Report that GitHub's limits end this run."""
    from rnd.report import note

    note(f"GitHub's limits end this run: {paused.reason}. Next from {paused.next_run} UTC.")
    return 0


def chosen(view: View, options: argparse.Namespace) -> tuple[Facts, ...]:
    """Return the repositories that `--having` selects."""
    return tuple(
        one for one in view.repositories if not options.having or options.having in one.having(view.workflow_ref)
    )


def selection(options: argparse.Namespace, organisation: Organisation) -> Selection:
    """Return the selected repositories.

    Raises:
        UsageError: org.yml has no such ring.
    """
    from rnd.errors import UsageError
    from rnd.fleet.inventory import Selection

    rings = organisation.fleet.rings
    if options.ring is not None and options.ring not in rings:
        raise UsageError(f"org.yml has no ring {options.ring!r}.", f"The rings are {', '.join(rings)}.")
    return Selection(options.ring, tuple(options.repository))


@contextmanager
def connected(options: argparse.Namespace) -> Iterator[tuple[Reader, Organisation]]:
    """Yield what sends the queries, and the values of org.yml; sign in first if needed."""
    import os
    import sys

    from rnd import report
    from rnd.fleet.governor import Governor
    from rnd.fleet.reading import Reader
    from rnd.github.client import Client, find_addresses
    from rnd.github.sign_in import need_token, renewal
    from rnd.organisation import load_organisation

    report.tell_retries(quiet=getattr(options, "quiet", False))
    organisation = load_organisation()
    addresses = find_addresses(os.environ)
    token = need_token(addresses, os.environ, organisation.github.client_id, ask=sys.stdin.isatty())
    governor = Governor()
    with Client(addresses, token.value, renewal(token), governor.hooks) as client:
        yield Reader(client, governor), organisation


SUBCOMMANDS = {
    "status": ("report how all repositories differ from org.yml and from the newest template", configure_status),
    "plan": ("report what `rnd fleet apply` would change, and what that takes", configure_plan),
    "apply": ("bring the settings of all repositories in order, or apply a plan", configure_apply),
}

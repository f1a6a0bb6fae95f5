"""`rnd fleet rollback`: take a release of the template and its actions back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import connected, within_limits
from rnd.options import add_dry_run_option

if TYPE_CHECKING:
    import argparse

    from rnd.fleet.ledger import Entry, Ledger
    from rnd.fleet.reading import Reader
    from rnd.options import Parser
    from rnd.organisation import Organisation


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet rollback`."""
    parser.epilog = (
        "The next job of every repository runs the actions of the release before. The release is not given again by "
        "itself; a later one is. Its open pull requests are closed by the next `rnd fleet update`."
    )
    parser.add_argument("--actions", action="store_true", help="take back the actions and what rings are offered")
    parser.add_argument(
        "--template", action="store_true", help="open a pull request that reverts the release wherever it was merged"
    )
    parser.add_argument(
        "--to", metavar="RELEASE", help="the release to go back to; by default, each ring gets the one it had before"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")
    add_dry_run_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Take the newest given release back."""
    from datetime import UTC, datetime

    from rnd.commands.fleet.update import remote
    from rnd.errors import ExitCode, UsageError
    from rnd.fleet import central
    from rnd.fleet.ledger import take_back
    from rnd.fleet.update.report import subjects
    from rnd.version.tags import parse_release

    if not options.actions and not options.template:
        raise UsageError("Nothing to take back.", "Use --actions, --template, or both.")
    parsed = parse_release(options.to) if options.to is not None else None
    if options.to is not None and parsed is None:
        raise UsageError(f"{options.to} is not a release.", "A release is written as 1.5.0.")
    to = ".".join(map(str, parsed)) if parsed is not None else None
    with connected(options) as (reader, organisation):
        now = datetime.fromtimestamp(reader.governor.clock(), UTC)

        def plan(ledger: Ledger) -> list[Entry]:
            return take_back(ledger, organisation, to, now)

        there = remote(reader, organisation)
        entries: list[Entry] = []
        if options.actions:
            entries = (
                plan(central.read(there, organisation))
                if options.only_show
                else central.change(there, organisation, plan)
            )
            print("\n".join(subjects(entries)) or "No ring has a release to take back.")
        changes = bool(entries)
        if options.template:
            failed, found = _template(reader, organisation, options)
            if failed:
                return ExitCode.FAILED
            changes = changes or found
    return ExitCode.DIFFERENCE if options.only_show and changes else ExitCode.DONE


def _template(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> tuple[bool, bool]:
    """Revert merged updates; return whether one failed, and whether there was one."""
    from rnd.fleet.governor import Breaker
    from rnd.fleet.update.reverting import reversals, revert
    from rnd.fleet.update.tick import observe

    planned = reversals(observe(reader, organisation))
    if options.only_show:
        for one in planned:
            print(f"{one.member.name}: revert {one.pull.release} to {one.target}: {one.pull.url}")
        return False, bool(planned)
    breaker = Breaker(organisation.fleet.stop, max(1, len(planned)))
    failed = False
    for name, address, error in revert(reader.client, reader.governor, organisation.github.owner, planned, breaker):
        print(f"{name}: {address}" if error is None else f"{name}: failed [{error.code}]: {error.message}")
        failed = failed or error is not None
    return failed, bool(planned)

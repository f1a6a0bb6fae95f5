"""`rnd fleet promote`: give a release of the template and its actions to the next ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import connected, within_limits
from rnd.options import add_dry_run_option

if TYPE_CHECKING:
    import argparse

    from rnd.fleet.ledger import Entry, Ledger
    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet promote`."""
    parser.epilog = (
        "A release goes to a ring when every ring before has had it for its hours, has merged it, and is green. "
        "Naming the ring shortens the hours of the rings before; a ring that is red stays in the way."
    )
    parser.add_argument("release", metavar="RELEASE", help="a release of the template, such as 1.5.0")
    parser.add_argument("--ring", metavar="NAME", help="this ring, without waiting for the hours of those before")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")
    add_dry_run_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Give a release to the next ring, or to a named one."""
    from rnd.commands.fleet.update import remote
    from rnd.errors import ExitCode, UsageError
    from rnd.fleet import central, promotion
    from rnd.fleet.update.report import subjects
    from rnd.fleet.update.tick import observe
    from rnd.version.tags import parse_release

    parsed = parse_release(options.release)
    if parsed is None:
        raise UsageError(f"{options.release} is not a release.", "A release is written as 1.5.0.")
    release = ".".join(map(str, parsed))
    with connected(options) as (reader, organisation):
        if options.ring is not None and options.ring not in organisation.fleet.rings:
            raise UsageError(
                f"org.yml has no ring {options.ring!r}.", f"The rings are {', '.join(organisation.fleet.rings)}."
            )
        scene = observe(reader, organisation)

        def plan(ledger: Ledger) -> list[Entry]:
            return promotion.promote(ledger, organisation, scene.standings, release, options.ring, scene.rules.now)

        there = remote(reader, organisation)
        if options.only_show:
            entries = plan(central.read(there, organisation))
        else:
            entries = central.change(there, organisation, plan)
    lines = subjects(entries) or [f"Every ring that was asked for has {release} or a newer release."]
    print("\n".join(lines))
    return ExitCode.DIFFERENCE if options.only_show and entries else ExitCode.DONE

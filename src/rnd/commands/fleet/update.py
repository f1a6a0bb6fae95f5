"""`rnd fleet update`: one tick of the pull requests that bring releases of the template to repositories."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnd.commands.fleet.shared import EXIT_CODES, add_selection, connected, say_paused, selection, within_limits
from rnd.options import add_dry_run_option, add_json_option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from rnd.fleet.central import Remote
    from rnd.fleet.ledger import Entry
    from rnd.fleet.reading import Reader
    from rnd.fleet.update.render import Job, Rendered
    from rnd.fleet.update.tick import Scene, Tick
    from rnd.options import Parser
    from rnd.organisation import Organisation
    from rnd.providers.provider import IndexAccess

TEXT = """\
One run is one tick: it gives each ring the release that the ring before is done with, opens and renews pull requests,
merges them where org.yml says so, and ends. Run it again, or let the workflow do it, for the next tick."""


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd fleet update`."""
    parser.description = f"{parser.description}\n\n{TEXT}" if parser.description else TEXT
    parser.epilog = EXIT_CODES
    add_selection(parser, conditions=False)
    parser.add_argument("--urgent", action="store_true", help="do not wait for the days between two updates")
    parser.add_argument(
        "--at-once", metavar="N", type=int, help="pull requests with unfinished checks, at most; default: as in org.yml"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")
    add_dry_run_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=within_limits(run))


def run(options: argparse.Namespace) -> int:
    """Bring the update pull requests one tick further."""
    from rnd import report
    from rnd.errors import UsageError
    from rnd.fleet import promotion
    from rnd.fleet.update import report as update_report
    from rnd.fleet.update.tick import observe

    if options.at_once is not None and options.at_once < 1:
        raise UsageError("--at-once must be at least 1.")
    with connected(options) as (reader, organisation):
        scene = observe(reader, organisation, urgent=options.urgent, at_once=options.at_once)
        chosen = selection(options, organisation)
        if options.only_show:
            entries = promotion.due(scene.ledger, organisation, scene.standings, scene.rules.now)
            return _show(options, scene, entries, organisation)
        scene, entries = _give(reader, organisation, scene)
        tell = (lambda _: None) if options.quiet or options.json else update_report.tell
        with ready(reader, organisation) as tick:
            results = tick.told(tell).run(scene, chosen)
    if options.json:
        report.print_json(update_report.as_document(scene, entries, results))
    else:
        print(update_report.results_text(results, scene, entries))
    if results.paused is not None:
        return say_paused(results.paused)
    if results.stopped is not None:
        report.print_error(results.stopped, as_json=False)
    return update_report.exit_code(scene, results)


def _show(options: argparse.Namespace, scene: Scene, entries: Sequence[Entry], organisation: Organisation) -> int:
    from rnd import report
    from rnd.fleet.update import report as update_report
    from rnd.fleet.update.decide import RENDERED
    from rnd.runners.simulation.burst import cost_text

    chosen = selection(options, organisation)
    acting = [one for one in scene.decisions if one.kind in update_report.ACTING and one.member in chosen]
    if options.json:
        report.print_json(update_report.as_document(scene, entries, None))
    else:
        pulls = sum(one.kind in RENDERED for one in acting)
        print(update_report.as_text(scene, acting, entries, cost_text(organisation, pulls)))
    return update_report.exit_code(scene, None)


def _give(reader: Reader, organisation: Organisation, scene: Scene) -> tuple[Scene, list[Entry]]:
    """Give rings what the ring before is done with, as the ledger is now."""
    from rnd.fleet import central, promotion
    from rnd.fleet.update.observe import read_given
    from rnd.fleet.update.tick import promoted

    if not promotion.due(scene.ledger, organisation, scene.standings, scene.rules.now):
        return scene, []
    entries = central.change(
        remote(reader, organisation),
        organisation,
        lambda ledger: promotion.due(ledger, organisation, scene.standings, scene.rules.now),
    )
    return promoted(organisation, scene, read_given(reader, organisation)), entries


def remote(reader: Reader, organisation: Organisation) -> Remote:
    """Return the template's repository, as this token reaches it.

    Raises:
        UsageError: It is on another server.
    """
    from rnd.errors import UsageError
    from rnd.fleet.central import Remote
    from rnd.github.push import clone_url
    from rnd.github.repository import repository_at

    client = reader.client
    there = repository_at(organisation.template.repository, client.addresses)
    if there is None:
        raise UsageError(f"The template {organisation.template.repository} is not on {client.addresses.server}.")
    return Remote(clone_url(client, there), client.token, client.addresses.server)


def index_access(organisation: Organisation) -> IndexAccess | None:
    """Return access to the organisation's package index that can only read, or None, with a note why there is none."""
    import os

    from rnd import report
    from rnd.ci import outputs
    from rnd.ci.identity import assume, in_actions
    from rnd.errors import RndError
    from rnd.providers import package_index
    from rnd.providers.provider import Caller

    identity = "reading" if in_actions(os.environ) else None
    caller = Caller(identity, os.environ, lambda one: assume(one, os.environ, organisation))
    try:
        access = package_index(organisation, caller).sign_in(reading=True)
    except RndError as error:
        report.note(f"Lock files with private packages cannot be updated: {error.message}")
        return None
    if not (access.username and access.password):
        return None
    if identity is not None:
        outputs.mask(access.password)
    return access


def renderer(organisation: Organisation, home: Path) -> Callable[[Sequence[Job]], Sequence[Rendered]]:
    """Return what renders updates in workers; it signs in to the package index once a lock file needs that.

    Args:
        organisation: The organisation.
        home: The home of the workers.
    """
    from functools import cache
    from urllib.parse import urlsplit

    from rnd.fleet.audit.locked import private_indexes
    from rnd.fleet.update import workers

    is_private = private_indexes(organisation)

    @cache
    def sign_in() -> None:
        if (access := index_access(organisation)) is not None:
            host = urlsplit(access.simple_url).hostname or ""
            workers.allow_reading(home, host, access.username, access.password)

    def render(jobs: Sequence[Job]) -> Sequence[Rendered]:
        if any(workers.locks_private(job, is_private) for job in jobs):
            sign_in()
        return workers.run(jobs, home=home)

    return render


@contextmanager
def ready(reader: Reader, organisation: Organisation) -> Generator[Tick]:
    """Yield what carries out decisions; the copies of the template are made when they are first needed."""
    from functools import cache, partial

    from rnd import uv
    from rnd.fleet.update import mirror, notes
    from rnd.fleet.update.carry_out import Hands
    from rnd.fleet.update.tick import Tick
    from rnd.project.template import update_unattended

    with uv.temporary_folder("rnd-fleet-") as folder:
        there = remote(reader, organisation)

        @cache
        def mirrors() -> tuple[Path, Path]:
            mirror.fetch_template(there, folder / "whole")
            mirror.make_slim(folder / "whole", folder / "slim")
            return folder / "slim", folder / "whole"

        yield Tick(
            Hands(reader.client, organisation, reader.governor),
            folder,
            renderer(organisation, folder / "home"),
            update_unattended,
            cache(partial(notes.read, reader.client, organisation)),
            mirrors,
        )

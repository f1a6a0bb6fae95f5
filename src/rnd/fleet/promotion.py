"""When a release goes from one ring to the next. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rnd.errors import UsageError
from rnd.fleet.errors import NotBaked
from rnd.fleet.ledger import give, is_newer
from rnd.fleet.rings import Report, Standing, health

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rnd.fleet.inventory import Member
    from rnd.fleet.ledger import Entry, Ledger
    from rnd.fleet.update.decide import Decision
    from rnd.fleet.update.state import Updates
    from rnd.organisation import Organisation


def standings(
    members: Iterable[Member], updates: Mapping[str, Updates], decisions: Mapping[int, Decision]
) -> dict[str, list[Standing]]:
    """Return what the health of each ring depends on.

    Args:
        members: All repositories of the fleet.
        updates: Their update pull requests, by the IDs of GraphQL.
        decisions: What is decided for them, by ID.
    """
    found: dict[str, list[Standing]] = {}
    for one in members:
        if one.watched:
            continue
        decision, known = decisions[one.id], updates[one.node_id]
        excused = decision.kind in {"held", "refused"}
        red = known.open is not None and known.open.checks == "red" and known.open.release == decision.release
        found.setdefault(one.ring, []).append(Standing(one.name, one.version, known.main_checks, excused, red))
    return found


def reports(
    ledger: Ledger, organisation: Organisation, known: Mapping[str, Sequence[Standing]], now: datetime
) -> dict[str, Report]:
    """Return the health of each ring but the last."""
    *rings, _ = organisation.fleet.rings
    return {
        ring: health(organisation.fleet.rings[ring], given.release, given.at, known.get(ring, ()), now)
        for ring in rings
        if (given := ledger.rings.get(ring)) is not None
    }


def due(
    ledger: Ledger, organisation: Organisation, known: Mapping[str, Sequence[Standing]], now: datetime
) -> list[Entry]:
    """Return the commits that give each ring the release of the ring before, if it is baked there.

    One ring at a time: a release that a ring gets now is not older than its hours in it.
    """
    found = reports(ledger, organisation, known, now)
    rings = list(organisation.fleet.rings)
    for ring, after in reversed(list(pairwise(rings))):
        given = ledger.rings.get(ring)
        if given is None or given.release in {*organisation.fleet.withdrawn, *ledger.taken_back}:
            continue
        has = ledger.rings.get(after)
        if found[ring].health == "baked" and (has is None or is_newer(given.release, has.release)):
            return give(ledger, organisation, [after], given.release, now)
    return []


def promote(
    ledger: Ledger,
    organisation: Organisation,
    known: Mapping[str, Sequence[Standing]],
    release: str,
    ring: str | None,
    now: datetime,
) -> list[Entry]:
    """Return the commits that give a release to the next ring that does not have it, or to a named one.

    Args:
        ledger: The ledger.
        organisation: The values of org.yml.
        known: What the health of each ring depends on.
        release: The release.
        ring: The ring; its name shortens the hours of the rings before, and nothing else.
        now: The time.

    Raises:
        UsageError: The release is withdrawn.
        NotBaked: A ring before does not have it, is red, or is not done with it.
    """
    if release in organisation.fleet.withdrawn:
        raise UsageError(f"org.yml has {release} among the withdrawn releases.")
    rings = list(organisation.fleet.rings)
    if organisation.template.workflow_ref not in ledger.branches:
        return give(ledger, organisation, rings, release, now)  # before the first release, there is nothing to keep
    lacking = [one for one in rings if one not in ledger.rings or is_newer(release, ledger.rings[one].release)]
    if not lacking or (ring is not None and ring not in lacking):
        return []
    wanted = ring or lacking[0]
    for before in rings[: rings.index(wanted)]:
        _require_baked(ledger, organisation, known, release, before, now, hours=ring is None)
    return give(ledger, organisation, [wanted], release, now)


def _require_baked(
    ledger: Ledger,
    organisation: Organisation,
    known: Mapping[str, Sequence[Standing]],
    release: str,
    ring: str,
    now: datetime,
    *,
    hours: bool,
) -> None:
    """Raise NotBaked unless a ring is done with a release; `hours` reports whether its time there counts."""
    given = ledger.rings.get(ring)
    if given is None or is_newer(release, given.release):
        raise NotBaked(f"The ring {ring} was not given {release} yet.")
    found = health(organisation.fleet.rings[ring], release, given.at, known.get(ring, ()), now, hours=hours)
    if found.health != "baked":
        raise NotBaked(f"The ring {ring} is not done with {release}: {found.reason}.")

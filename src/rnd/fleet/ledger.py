"""The ledger: which release of the template and its actions each ring was given, and when. Pure.

It is the history of the branches at which repositories call the shared actions: `template.workflow_ref` of org.yml,
and the same with `-canary` for the repositories that the first ring names. Each commit on them has the tree of a
release and says in its message what every ring of that branch has. Giving, taking back and giving again are each a
commit on top of the last one, so the branches are never forced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rnd.version.tags import parse_release

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rnd.organisation import Organisation

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
LINE = re.compile(r"(?m)^Rnd-Ring: (\S+) (\d+\.\d+\.\d+) (\S+) (\d+\.\d+\.\d+|-)$")
TAKEN_BACK = re.compile(r"(?m)^Rnd-Taken-Back: (\d+\.\d+\.\d+)$")


@dataclass(frozen=True)
class Given:
    """What a ring has.

    Attributes:
        release: The release.
        at: Since when, in UTC.
        before: The release before; None if there was none.
    """

    release: str
    at: datetime
    before: str | None = None


@dataclass(frozen=True)
class Ledger:
    """What all rings have.

    Attributes:
        rings: What each ring was given; a ring that was given nothing yet is missing.
        taken_back: Releases that were taken back since the newest one was given.
        branches: The branches that exist.
    """

    rings: Mapping[str, Given] = field(default_factory=dict)
    taken_back: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Entry:
    """A commit to make on a branch.

    Attributes:
        branch: The branch.
        release: The release whose tree it has; None for the tree that the branch has.
        message: Its message.
        takes_back: Whether it goes back to an earlier release, so that the release is not its parent.
    """

    branch: str
    release: str | None
    message: str
    takes_back: bool = False


def branch_of(ring: str, organisation: Organisation) -> str:
    """Return the branch that says what a ring has."""
    first = next(iter(organisation.fleet.rings))
    canary = ring == first and bool(organisation.fleet.canaries)
    return organisation.template.canary_ref if canary else organisation.template.workflow_ref


def read_ledger(messages: Mapping[str, str | None]) -> Ledger:
    """Return the ledger.

    Args:
        messages: For each branch the message of its last commit; None if there is no such branch.
    """
    rings: dict[str, Given] = {}
    taken: set[str] = set()
    for message in messages.values():
        for ring, release, moment, before in LINE.findall(message or ""):
            at = _moment(moment)
            if at is not None:
                rings[ring] = Given(release, at, None if before == "-" else before)
        taken.update(TAKEN_BACK.findall(message or ""))
    return Ledger(rings, frozenset(taken), frozenset(name for name, said in messages.items() if said is not None))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def give(ledger: Ledger, organisation: Organisation, rings: Iterable[str], release: str, now: datetime) -> list[Entry]:
    """Return the commits that give a release to rings. A ring that has it, or a newer one, gets nothing.

    The actions at `template.workflow_ref` change when the last ring gets the release: all rings but the first call them
    there.

    Args:
        ledger: The ledger.
        organisation: The values of org.yml.
        rings: The rings.
        release: The release.
        now: The time.
    """
    new = [ring for ring in rings if ring not in ledger.rings or is_newer(release, ledger.rings[ring].release)]
    kept = frozenset(one for one in ledger.taken_back if is_newer(one, release))
    entries = []
    for branch in dict.fromkeys(branch_of(ring, organisation) for ring in new):
        here = [ring for ring in new if branch_of(ring, organisation) == branch]
        changed = {ring: Given(release, now, _release(ledger, ring)) for ring in here}
        tree = release if _has_tree(here, branch, ledger, organisation) else None
        subject = f"chore: give {release} to {', '.join(here)}"
        entries.append(Entry(branch, tree, _message(subject, branch, _with(ledger, changed, kept), organisation)))
    return entries


def _has_tree(rings: list[str], branch: str, ledger: Ledger, organisation: Organisation) -> bool:
    """Return whether giving a release to rings changes the actions at their branch."""
    is_central = branch == organisation.template.workflow_ref
    return not is_central or list(organisation.fleet.rings)[-1] in rings or branch not in ledger.branches


def take_back(ledger: Ledger, organisation: Organisation, to: str | None, now: datetime) -> list[Entry]:
    """Return the commits that take a release back: each ring gets the release before, or a named one.

    Args:
        ledger: The ledger.
        organisation: The values of org.yml.
        to: The release to go back to; by default, the newest given release is taken back from the rings that have it.
        now: The time.
    """
    newest = newest_given(ledger)
    back: dict[str, Given] = {}
    for ring in organisation.fleet.rings:
        if ring not in ledger.rings:
            continue
        one = ledger.rings[ring]
        target = to if to is not None else one.before if one.release == newest else None
        if target is not None and is_newer(one.release, target):
            back[ring] = Given(target, now, one.before if one.before != target else None)
    taken = ledger.taken_back | {ledger.rings[ring].release for ring in back}
    entries = []
    for branch in dict.fromkeys(branch_of(ring, organisation) for ring in back):
        here = {ring: one for ring, one in back.items() if branch_of(ring, organisation) == branch}
        last = next(reversed(organisation.fleet.rings))
        tree = here[last] if last in here else next(iter(here.values()))
        changes_tree = branch != organisation.template.workflow_ref or last in here
        subject = f"chore: take back {', '.join(sorted({ledger.rings[ring].release for ring in here}))}"
        message = _message(subject, branch, _with(ledger, back, taken), organisation)
        entries.append(Entry(branch, tree.release if changes_tree else None, message, takes_back=True))
    return entries


def newest_given(ledger: Ledger) -> str | None:
    """Return the newest release that any ring has."""
    return max((one.release for one in ledger.rings.values()), key=_order, default=None)


def is_newer(release: str, other: str) -> bool:
    """Return whether a release is newer than another."""
    return _order(release) > _order(other)


def _order(release: str) -> tuple[int, ...]:
    return parse_release(release) or (-1,)


def _release(ledger: Ledger, ring: str) -> str | None:
    return ledger.rings[ring].release if ring in ledger.rings else None


def _with(ledger: Ledger, changed: Mapping[str, Given], taken: frozenset[str]) -> Ledger:
    return replace(ledger, rings={**ledger.rings, **changed}, taken_back=taken)


def _message(subject: str, branch: str, ledger: Ledger, organisation: Organisation) -> str:
    lines = [
        f"Rnd-Ring: {ring} {one.release} {one.at.strftime(MOMENT)} {one.before or '-'}"
        for ring, one in ledger.rings.items()
        if ring in organisation.fleet.rings and branch_of(ring, organisation) == branch
    ]
    lines += [f"Rnd-Taken-Back: {release}" for release in sorted(ledger.taken_back, key=_order)]
    return "\n".join([subject, "", *lines]) + "\n"

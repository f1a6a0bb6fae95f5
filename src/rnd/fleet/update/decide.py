"""Decide for each repository what happens to its update pull request. Pure.

Everything is decided again from what is there, so a run that was killed is continued by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rnd.fleet.rings import current_hold, is_at_least
from rnd.version.tags import parse_release, releases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from rnd.fleet.inventory import Member
    from rnd.fleet.ledger import Ledger
    from rnd.fleet.update.state import Pull, Updates
    from rnd.organisation.fleet import Fleet

    Kind = Literal[
        "nothing", "open", "renew", "redraft", "merge", "close", "wait", "held", "refused", "blocked", "conflict"
    ]

# What needs commits to be made.
RENDERED = ("open", "renew")
BEGIN = timedelta(hours=6)  # after which a pull request without any check is taken to have none


@dataclass(frozen=True)
class Decision:
    """What happens to the update pull request of a repository.

    Attributes:
        member: The repository.
        kind: `open`, `renew`, `redraft`, `merge` and `close` change something; the others say why nothing happens.
        reason: Why, for people.
        release: The release that its ring was given.
        pull: Its open pull request.
        tip: The last commit of its update branch.
        main: The last commit of `main`.
    """

    member: Member
    kind: Kind
    reason: str
    release: str | None = None
    pull: Pull | None = None
    tip: str | None = None
    main: str | None = None


@dataclass(frozen=True)
class Rules:
    """What decisions depend on, for all repositories.

    Attributes:
        fleet: The `fleet` section of org.yml.
        ledger: What each ring was given.
        tags: The tags of the template.
        now: The time.
        urgent: Whether the days between two updates do not count.
        at_once: How many pull requests may have unfinished checks.
    """

    fleet: Fleet
    ledger: Ledger
    tags: Collection[str]
    now: datetime
    urgent: bool = False
    at_once: int | None = None

    @property
    def most(self) -> int:
        """How many pull requests may have unfinished checks."""
        return self.fleet.update.at_once if self.at_once is None else self.at_once

    def target(self, ring: str) -> str | None:
        """Return the release that a ring is brought to."""
        given = self.ledger.rings.get(ring)
        return given.release if given is not None and given.release not in self.fleet.withdrawn else None


def decide(one: Member, updates: Updates, rules: Rules) -> Decision:
    """Return what happens to the update pull request of a repository, limits aside."""
    target = rules.target(one.ring)
    hold = current_hold(one.name, rules.fleet, updates.hold, rules.now.date())
    known = _is_known(one.version, rules.tags)
    cases: tuple[tuple[bool, Kind, str], ...] = (
        (one.watched, "nothing", "watched"),
        (updates.error is not None, "blocked", updates.error or ""),
        (not known, "blocked", f"the template has no version {one.version or 'in its answers'}"),
        (hold is not None, "held", f"until {hold.until}: {hold.because}" if hold is not None else ""),
    )
    kind, reason = _first(cases) or (
        _with_pull(one, updates.open, target, updates.main, rules)
        if updates.open is not None
        else _without_pull(one, updates, target, rules)
    )
    return Decision(one, kind, reason, target, updates.open, updates.tip, updates.main)


def _first(cases: Iterable[tuple[bool, Kind, str]]) -> tuple[Kind, str] | None:
    """Return the first case that is so."""
    return next(((kind, reason) for is_so, kind, reason in cases if is_so), None)


def _is_known(version: str | None, tags: Collection[str]) -> bool:
    """Return whether a version in an answers file, which everyone can edit, is one of the template's."""
    found = parse_release((version or "").partition("-")[0])
    return found is not None and found in {release for release, _ in releases(tags)}


def _without_pull(one: Member, updates: Updates, target: str | None, rules: Rules) -> tuple[Kind, str]:
    """Return what happens to a repository without an open pull request."""
    if target is None:
        return "nothing", f"no release is given to the ring {one.ring}"
    days = timedelta(days=rules.fleet.update.every_days)
    merged = updates.merged
    is_early = not rules.urgent and merged is not None and rules.now < merged + days
    cases: tuple[tuple[bool, Kind, str], ...] = (
        (is_at_least(one.version, target), "nothing", "up to date"),
        (target in updates.refused, "refused", f"the pull request with {target} was closed"),
        (is_early, "wait", f"the last update was merged on {merged.date() if merged is not None else ''}"),
    )
    return _first(cases) or ("open", f"{one.version} → {target}")


def _with_pull(one: Member, pull: Pull, target: str | None, main: str | None, rules: Rules) -> tuple[Kind, str]:
    """Return what happens to an open pull request."""
    offered = pull.release
    # A ring without an entry was given nothing, or the ledger cannot be seen: then nothing was taken back.
    given = one.ring in rules.ledger.rings
    taken_back = given and (target is None or (offered is not None and not is_at_least(target, offered)))
    cases: tuple[tuple[bool, Kind, str], ...] = (
        (offered is not None and is_at_least(one.version, offered), "close", f"main has {offered}"),
        (taken_back, "close", f"{offered or 'the release in it'} was taken back"),
        (not given, "wait", f"no release is given to the ring {one.ring}"),
        (pull.foreign, "wait", "somebody works on it"),
        (offered != target, "renew", f"{offered or 'another title'} → {target}"),
        (_is_incomplete(pull, main), "renew", "its text or its commits are not complete"),
        (pull.has_conflict and not pull.draft, "redraft", "has conflicts, so it must be a draft"),
        (pull.has_conflict, "conflict", "has conflicts"),
        (pull.mergeable == "CONFLICTING", "renew", "main has changed the same lines"),
        (is_unfinished(pull, rules.now), "wait", "its checks are running"),
        (pull.checks != "green", "wait", f"its checks are {pull.checks}"),
    )
    return _first(cases) or _green(one, pull, main, rules)


def _green(one: Member, pull: Pull, main: str | None, rules: Rules) -> tuple[Kind, str]:
    """Return what happens to a pull request whose checks are green."""
    by_hand = rules.fleet.update.merge.get(one.ring, "by-hand") == "by-hand"
    is_behind = pull.update is not None and pull.update.trailers.get("Base") != main
    cases: tuple[tuple[bool, Kind, str], ...] = (
        (by_hand, "wait", "ready to merge"),
        (pull.draft, "wait", "somebody made it a draft"),
        (is_behind, "renew", "main has changed"),
        (pull.mergeable != "MERGEABLE", "wait", "GitHub does not know yet whether it can be merged"),
    )
    return _first(cases) or ("merge", f"green, and the ring {one.ring} merges automatically")


def _is_incomplete(pull: Pull, main: str | None) -> bool:
    """Return whether a run was killed between the steps of this pull request."""
    made = pull.update
    if made is None or pull.marker is None:
        return True
    about = (made.trailers.get("Template"), made.trailers.get("Base"), pull.has_conflict)
    return about != (pull.marker.release, pull.marker.base, pull.marker.conflict) or main is None


def _has_no_checks(pull: Pull, now: datetime) -> bool:
    return pull.checks == "none" and now > pull.created + BEGIN


def is_unfinished(pull: Pull | None, now: datetime) -> bool:
    """Return whether the checks of a pull request take machines, or will."""
    return pull is not None and pull.checks in {"running", "none"} and not _has_no_checks(pull, now)


def decide_all(members: Iterable[Member], updates: Mapping[str, Updates], rules: Rules) -> list[Decision]:
    """Return what happens to each repository, within the limits: `at_once`, and `stop` for red pull requests.

    Args:
        members: All repositories of the fleet.
        updates: Their update pull requests, by the IDs of GraphQL.
        rules: What decisions depend on.
    """
    found = [decide(one, updates[one.node_id], rules) for one in members]
    free = rules.most - sum(is_unfinished(one.pull, rules.now) for one in found)
    stopped = {release for one in found if (release := one.release) and too_many_red(found, release, rules.fleet)}
    decided = []
    for one in found:
        taken = one
        if one.kind == "open" and one.release in stopped:
            taken = replace(one, kind="wait", reason=f"too many pull requests with {one.release} are red")
        elif one.kind in RENDERED and not is_unfinished(one.pull, rules.now):
            taken = one if free > 0 else replace(one, kind="wait", reason=f"the limit of {rules.most} unfinished ones")
            free -= 1
        decided.append(taken)
    return decided


def too_many_red(decisions: Sequence[Decision], release: str, fleet: Fleet) -> bool:
    """Return whether so many pull requests with a release are red that no more are opened."""
    opened = [one.pull for one in decisions if one.pull is not None and one.pull.release == release]
    red = sum(one.checks == "red" for one in opened)
    return red >= fleet.stop.failures and red * 100 > fleet.stop.share * len(opened)

"""Add the rings and the update pull requests to what is known about the fleet. Read-only."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rnd.fleet.listing import read_tags
from rnd.fleet.rings import current_hold
from rnd.fleet.update.decide import Rules
from rnd.fleet.update.observe import read_all, read_given
from rnd.fleet.update.tick import decided

if TYPE_CHECKING:
    from rnd.fleet.reading import Reader
    from rnd.fleet.update.decide import Decision
    from rnd.fleet.update.tick import Scene
    from rnd.fleet.view import View
    from rnd.organisation import Organisation


def with_updates(reader: Reader, organisation: Organisation, view: View) -> View:
    """Return the fleet with its rings and update pull requests."""
    members = tuple(one.member for one in view.repositories)
    updates = read_all(reader, [one.node_id for one in members])
    now = datetime.fromtimestamp(reader.governor.clock(), UTC)
    rules = Rules(organisation.fleet, read_given(reader, organisation), read_tags(reader, organisation), now)
    scene = decided(organisation, members, updates, rules)
    known = {one.member.id: one for one in scene.decisions}
    repositories = tuple(
        replace(
            one,
            update=known[one.member.id],
            hold=current_hold(one.member.name, organisation.fleet, updates[one.member.node_id].hold, now.date()),
        )
        for one in view.repositories
    )
    return replace(view, repositories=repositories, updates=scene, queries=reader.queries, points=reader.points)


def pull_groups(scene: Scene) -> list[tuple[str, int]]:
    """Return how many repositories have which kind of update pull request."""
    counted = Counter(kind for one in scene.decisions if (kind := pull_kind(one)))
    order = ("open", "conflict", "red", "held", "refused", "blocked")
    return [(kind, counted[kind]) for kind in order if counted[kind]]


def pull_kind(one: Decision) -> str:
    """Return the state of the update pull request of a repository, in a word; empty if there is nothing to say."""
    if one.kind in {"held", "refused", "blocked"}:
        return one.kind
    if one.pull is None:
        return ""
    return "conflict" if one.pull.has_conflict else "red" if one.pull.checks == "red" else "open"


def ring_lines(scene: Scene) -> list[str]:
    """Return what each ring has, and how it is."""
    found = []
    for ring in scene.rules.fleet.rings:
        given = scene.ledger.rings.get(ring)
        if given is None:
            continue
        health = scene.health.get(ring)
        hours = int((scene.rules.now - given.at).total_seconds() // 3600)
        found.append(f"{ring} {given.release} for {hours} h" + (f", {health.reason}" if health is not None else ""))
    return found

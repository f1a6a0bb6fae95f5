"""One tick of the update pull requests: look at all repositories, decide, promote, carry out.

Everything is read again in each tick, so it does not matter where the last one ended.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rnd.errors import RndError
from rnd.fleet import promotion
from rnd.fleet.errors import ChangedSince, FleetStopped, RenderFailed
from rnd.fleet.governor import Breaker, Paused
from rnd.fleet.listing import list_members, read_tags
from rnd.fleet.results import Outcome, Results
from rnd.fleet.update.decide import RENDERED, Decision, Rules, decide_all
from rnd.fleet.update.observe import read_all, read_given
from rnd.fleet.update.render import Job, Rendered
from rnd.github.errors import RateLimited, SignInNeeded
from rnd.version.tags import parse_release, preference, releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rnd.fleet.inventory import Member, Selection
    from rnd.fleet.ledger import Ledger
    from rnd.fleet.reading import Reader
    from rnd.fleet.results import PullResult
    from rnd.fleet.rings import Report, Standing
    from rnd.fleet.update.carry_out import Hands
    from rnd.fleet.update.render import UpdateFolder
    from rnd.fleet.update.state import Updates
    from rnd.organisation import Organisation

PAST: dict[str, PullResult] = {"open": "opened", "renew": "renewed", "redraft": "redrafted", "merge": "merged"}
CHUNK = 16  # repositories that are on this machine at the same time


@dataclass(frozen=True)
class Scene:
    """What a tick sees.

    Attributes:
        members: All repositories of the fleet.
        updates: Their update pull requests, by the IDs of GraphQL.
        decisions: What is decided, for each of them.
        ledger: What each ring was given.
        health: The health of the rings.
        standings: What that depends on.
        tags: The tags of the template.
        rules: What the decisions depend on.
    """

    members: tuple[Member, ...]
    updates: Mapping[str, Updates]
    decisions: tuple[Decision, ...]
    ledger: Ledger
    health: Mapping[str, Report]
    standings: Mapping[str, Sequence[Standing]]
    tags: tuple[str, ...]
    rules: Rules

    def count(self) -> dict[str, int]:
        """Return how many repositories there are of each kind of decision."""
        return dict(Counter[str](one.kind for one in self.decisions))


def observe(reader: Reader, organisation: Organisation, *, urgent: bool = False, at_once: int | None = None) -> Scene:
    """Look at all repositories and decide. Read-only.

    Args:
        reader: Sends the queries.
        organisation: The values of org.yml.
        urgent: Whether the days between two updates do not count.
        at_once: How many pull requests may have unfinished checks; by default as in org.yml.

    Raises:
        ClockWrong: The clock of this machine is wrong.
    """
    members = list_members(reader, organisation)
    tags = tuple(read_tags(reader, organisation))
    updates = read_all(reader, [one.node_id for one in members])
    ledger = read_given(reader, organisation)
    reader.check_clock()
    now = datetime.fromtimestamp(reader.governor.clock(), UTC)
    reader.governor.remember(one.timestamp() for known in updates.values() for one in known.created)
    rules = Rules(organisation.fleet, ledger, tags, now, urgent, at_once)
    return decided(organisation, tuple(members), updates, rules)


def decided(
    organisation: Organisation, members: tuple[Member, ...], updates: Mapping[str, Updates], rules: Rules
) -> Scene:
    """Return what is seen, with the decisions."""
    decisions = tuple(decide_all(members, updates, rules))
    standings = promotion.standings(members, updates, {one.member.id: one for one in decisions})
    health = promotion.reports(rules.ledger, organisation, standings, rules.now)
    return Scene(members, updates, decisions, rules.ledger, health, standings, tuple(rules.tags), rules)


@dataclass(frozen=True)
class Tick:
    """Carries out decisions.

    Attributes:
        hands: What acts on GitHub.
        folder: A folder for repositories and copies of the template.
        render: Makes the commits of jobs, in order.
        update: Brings a folder to a tag of its template.
        notes: The release notes of the template, by release.
        mirrors: The copy of the template with releases only, and the whole one.
        tell: Is called with each outcome.
    """

    hands: Hands
    folder: Path
    render: Callable[[Sequence[Job]], Iterable[Rendered]]
    update: UpdateFolder
    notes: Callable[[], Mapping[str, str]]
    mirrors: Callable[[], tuple[Path, Path]]
    tell: Callable[[Outcome], object] = lambda _: None

    def told(self, tell: Callable[[Outcome], object]) -> Tick:
        """Return the same, which reports each outcome."""
        return replace(self, tell=tell)

    def run(self, scene: Scene, selection: Selection) -> Results:
        """Carry out the decisions about the selected repositories."""
        acting = [one for one in scene.decisions if one.kind in {*PAST, "close"} and one.member in selection]
        # What ends something comes first: it takes no machine, and may make room.
        acting.sort(key=lambda one: (one.kind in RENDERED, one.kind == "open"))
        results = Results()
        breaker = Breaker(self.hands.organisation.fleet.stop, max(len(acting), 1))
        waiting = iter(acting)
        try:
            for start in range(0, len(acting), CHUNK):
                for one, rendered in self._prepare(acting[start : start + CHUNK], scene):
                    next(waiting)
                    self._one(one, rendered, scene, results, breaker)
        except Paused as paused:
            results.paused = paused
        except (FleetStopped, SignInNeeded) as error:
            results.stopped = error
        results.outcomes += [Outcome(one.member.name, "not-reached", "the run ended before it") for one in waiting]
        return results

    def _prepare(
        self, decisions: Sequence[Decision], scene: Scene
    ) -> Iterator[tuple[Decision, Rendered | RndError | None]]:
        """Yield decisions with their commits, or with the reason why there are none."""
        self.hands.governor.check()
        jobs: dict[int, Job | RndError] = {
            one.member.id: self._job(one, scene) for one in decisions if one.kind in RENDERED
        }
        ready = {key: job for key, job in jobs.items() if isinstance(job, Job)}
        found = dict(zip(ready, self.render(list(ready.values())), strict=True))
        for one in decisions:
            job = jobs.get(one.member.id)
            yield one, job if isinstance(job, RndError) else found.get(one.member.id)
            shutil.rmtree(self._place(one), ignore_errors=True)

    def _place(self, one: Decision) -> Path:
        return self.folder / "work" / str(one.member.id)

    def _job(self, one: Decision, scene: Scene) -> Job | RndError:
        """Return the job for a repository, fetched, or why it could not be."""
        release = parse_release(one.release or "")
        tag = max((entry for entry in releases(scene.tags) if entry[0] == release), key=preference)[1]
        try:
            slim, whole = self.mirrors()
            self.hands.fetch(one, self._place(one))
        except RndError as error:
            return error
        # A version between two releases is a commit that only the whole template has.
        mirror = whole if "-" in (one.member.version or "") else slim
        settings = self.hands.organisation.fleet.update
        upgrade, cooldown = settings.dependencies == "upgrade", timedelta(days=settings.cooldown_days)
        return Job(self._place(one), one.main or "", one.release or "", tag, mirror, self.update, upgrade, cooldown)

    def _one(
        self, one: Decision, rendered: Rendered | RndError | None, scene: Scene, results: Results, breaker: Breaker
    ) -> None:
        """Carry out one decision; an error is about this repository only, unless it is about all."""
        name = one.member.name
        try:
            self.hands.governor.check()
            outcome = self._act(one, rendered, scene)
        except RateLimited as error:
            results.outcomes.append(Outcome(name, "not-reached", error.message, error.code))
            raise self.hands.governor.pause_for(error) from error
        except Paused:
            results.outcomes.append(Outcome(name, "not-reached", "the run ended before it"))
            raise
        except ChangedSince as error:
            outcome = Outcome(name, "left-out", error.message, error.code)
        except RndError as error:
            outcome = Outcome(name, "failed", error.message, error.code)
            results.outcomes.append(outcome)
            self.tell(outcome)
            if isinstance(error, SignInNeeded):
                raise
            breaker.failed(error)
            return
        breaker.succeeded()
        results.outcomes.append(outcome)
        self.tell(outcome)

    def _act(self, one: Decision, rendered: Rendered | RndError | None, scene: Scene) -> Outcome:
        name = one.member.name
        if one.kind == "close":
            self.hands.close(one)
            return Outcome(name, "closed", one.reason)
        if one.kind == "merge":
            self.hands.merge(one)
        elif one.kind == "redraft":
            self.hands.set_draft(one, draft=True)
        elif isinstance(rendered, RndError):
            raise rendered
        elif rendered is not None:
            if rendered.error is not None:
                raise RenderFailed(rendered.error)
            self.hands.push(one, rendered, self._place(one))
            address = self.hands.pull_request(one, rendered, self._notes(one, scene))
            conflict = f", with conflicts in {len(rendered.files['conflict'])} files" if rendered.has_conflict else ""
            return Outcome(name, PAST[one.kind], f"{one.reason}{conflict}: {address}")
        return Outcome(name, PAST[one.kind], f"{one.reason}: {one.pull.url if one.pull else ''}")

    def _notes(self, one: Decision, scene: Scene) -> dict[str, str]:
        """Return the notes of each release between, the newest first."""
        since = parse_release((one.member.version or "").partition("-")[0]) or (0, 0, 0)
        until = parse_release(one.release or "") or (0, 0, 0)
        wanted = sorted({release for release, _ in releases(scene.tags) if since < release <= until}, reverse=True)
        known = self.notes()
        return {name: known.get(name, "") for name in (".".join(map(str, release)) for release in wanted)}


def promoted(organisation: Organisation, scene: Scene, ledger: Ledger) -> Scene:
    """Return what is seen after the ledger has changed."""
    return decided(organisation, scene.members, scene.updates, replace(scene.rules, ledger=ledger))

"""Runs and their jobs: what is known of each, and the folder that its jobs start from."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event as Signal
from typing import TYPE_CHECKING

from rnd_rehearsal import calls, workflows
from rnd_rehearsal.workflows import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import Popen

    from fake_github.records import Event
    from rnd_rehearsal.calls import Place
    from rnd_rehearsal.traffic import Traffic
    from rnd_rehearsal.workflow_files import Document

DONE = {"success", "skipped"}


@dataclass
class Job:
    """A job of a run.

    Attributes:
        id: As its workflow has it; after those of the jobs that call its workflow, separated by `/`.
        check: The id of its check run.
        result: How it ended; None before.
        steps: Each step's name, with the seconds that it took.
        queued: When all that it needs was done; of a clock that only goes forward.
        started: When a machine took it.
        ended: When it was over.
        log: What was said.
        traffic: The bytes that it fetched and pushed, where they are counted.
        spent: The seconds before its first step, and by what its steps did, in the same case.
        added: The seconds of it that a rehearsal alone needs, in the same case.
    """

    id: str
    result: Result | None = None
    check: int | None = None
    steps: list[tuple[str, float]] = field(default_factory=list)
    queued: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    log: Path | None = None
    process: Popen[str] | None = None
    traffic: Traffic | None = None
    spent: dict[str, float] = field(default_factory=dict)
    added: float = 0.0


@dataclass
class Run:
    """A run of a workflow.

    Attributes:
        number: Unique in a rehearsal.
        path: The workflow's file.
        workflow: What it says, fitted to this machine.
        places: The jobs that run for it, those of called workflows among them, by their ids.
        event: What set it off.
        folder: The repository at the run's commit, and beside it what its jobs leave.
        head: The commit that its checks are reported on.
        fork: Whether it is for a pull request from a fork.
        attempt: 1, or more where it was run again.
        first: The number of its first attempt, where it was run again.
        left_out: What this machine cannot show of it.
        refusal: Why GitHub would start none of its jobs, where it would not.
        conclusion: "success", "failure", "cancelled" or "startup_failure"; None while it goes on.
    """

    number: int
    path: str
    workflow: Document
    places: dict[str, Place]
    event: Event
    folder: Path
    head: str
    fork: bool
    attempt: int = 1
    first: int | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    refusal: str | None = None
    conclusion: str | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    _cancelled: Signal = field(default_factory=Signal)

    def cancel(self) -> None:
        """Request that it ends."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Return whether it was asked to end."""
        return self._cancelled.is_set()

    @property
    def name(self) -> str:
        """The workflow's name."""
        return str(self.workflow.get("name", self.path))

    @property
    def id(self) -> int:
        """What all its attempts have in common."""
        return self.number if self.first is None else self.first

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return self.event.repository

    def contexts(self) -> Document:
        """Return what the expressions outside jobs are about."""
        event = self.event
        pull = event.payload.get("pull_request", {})
        ends = {f"{end}_ref": pull.get(end, {}).get("ref", "") for end in ("head", "base")}
        ref = {"ref": event.ref, "ref_name": event.ref.split("/", 2)[-1], "sha": event.sha}
        run = {"workflow": self.name, "run_id": str(self.id), "repository": event.repository}
        own = {"event": event.payload, "event_name": event.name, "actor": event.actor}
        return {"github": {**ends, **ref, **run, **own}}

    def contexts_of(self, place: Place, level: int) -> Document:
        """Return what the expressions outside of steps can use; see GitHub's "Context availability"."""
        return calls.contexts(place, level, self.contexts()["github"], self._needs)

    def environment_of(self, place: Place) -> str:
        """Return the environment that a job names; an empty name is none."""
        named = place.written.get("environment") or ""
        text = str(named.get("name", "") if isinstance(named, dict) else named)
        return workflows.evaluate(text, self.contexts_of(place, len(place.levels) - 1))

    def _needs(self, above: tuple[str, ...]) -> Document:
        found = self.results(above).items()
        return {name: {"result": result.verdict, "outputs": result.outputs} for name, result in found}

    def ready(self) -> list[str]:
        """Return the jobs that have not begun, and whose needs are done."""
        return [key for key, place in self.places.items() if key not in self.jobs and self._may_begin(place)]

    def _may_begin(self, place: Place) -> bool:
        return all(
            self.result((*place.ids[:number], need))
            for number, level in enumerate(place.levels)
            for need in workflows.needs(level.written)
        )

    def skipped_at(self, place: Place) -> int | None:
        """Return the level at which a job is skipped because what it needs there did not succeed; None at no level."""
        for number, level in enumerate(place.levels):
            done = self.results(place.ids[:number])
            failed = any(done[need].verdict not in DONE - {"skipped"} for need in workflows.needs(level.written))
            if failed and not workflows.asks_for_status(level.written):
                return number
        return None

    def result(self, ids: tuple[str, ...]) -> Result | None:
        """Return how a job ended, which may be one that calls a workflow; None before that."""
        own = self.places.get("/".join(ids))
        if own is not None:
            return self.jobs[own.key].result if own.key in self.jobs else None
        below = self.below(ids)
        results = [self.jobs[place.key].result if place.key in self.jobs else None for place in below]
        verdicts = {result.verdict for result in results if result is not None}
        if None in results or not below:
            return None
        if verdicts <= {"skipped"}:
            return Result("skipped")
        verdict = next((one for one in ("failure", "cancelled") if one in verdicts), "success")
        return Result(verdict, calls.outputs(below[0].levels[len(ids)].workflow, self._needs(ids)))

    def is_skipped(self, place: Place) -> bool:
        """Return whether a job was skipped."""
        result = self.result(place.ids)
        return result is not None and result.verdict == "skipped"

    def is_done(self) -> bool:
        """Return whether every job has ended."""
        return all(key in self.jobs and self.jobs[key].result is not None for key in self.places)

    def needed(self, place: Place) -> list[Place]:
        """Return the jobs that a job waits for, at each level."""
        return [
            one
            for number, level in enumerate(place.levels)
            for need in workflows.needs(level.written)
            for one in self.below((*place.ids[:number], need))
        ]

    def below(self, ids: tuple[str, ...]) -> list[Place]:
        """Return the jobs that are, or are called by, a job."""
        return [place for place in self.places.values() if place.ids[: len(ids)] == ids]

    def kept(self) -> dict[str, Job]:
        """Return the jobs that stay as they are when what failed is run again."""
        found: dict[str, Job] = {}
        for key, place in self.places.items():
            done = self.jobs[key].result if key in self.jobs else None
            if done and done.verdict == "success" and all(one.key in found for one in self.needed(place)):
                found[key] = self.jobs[key]
        return found

    def failed(self) -> list[str]:
        """Return the jobs of its own workflow that failed."""
        return [name for name, result in self.results().items() if result.verdict == "failure"]

    def results(self, above: tuple[str, ...] = ()) -> dict[str, Result]:
        """Return how the jobs ended that are done: of its own workflow, or of one that is called."""
        depth = len(above)
        names = dict.fromkeys(place.ids[depth] for place in self.below(above))
        found = {name: self.result((*above, name)) for name in names}
        return {name: result for name, result in found.items() if result is not None}


def iterate_logs(found: list[Run]) -> Iterator[tuple[Run, Job, str]]:
    """Yield what each job said."""
    for run in found:
        for job in run.jobs.values():
            if job.log is not None:
                yield run, job, job.log.read_text(encoding="utf-8")

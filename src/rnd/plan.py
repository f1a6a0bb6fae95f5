"""Observe, plan, apply: the model for every change that this program makes.

A `Step` defines how to check whether it is done and which actions complete it. A `Plan` is an ordered list of steps.
Showing a plan is the dry run; applying it is the command. Applying it again changes nothing, and an interrupted plan is
completed by the next run, because the state is observed and never read from a journal. No side effects of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from rnd.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class State:
    """The observed state of a step: whether it is done, and the evidence in a few words."""

    done: bool
    evidence: str


def done(evidence: str) -> State:
    """Return the state of a completed step."""
    return State(done=True, evidence=evidence)


def needed(evidence: str) -> State:
    """Return the state of a step that must be applied."""
    return State(done=False, evidence=evidence)


@dataclass(frozen=True)
class Action:
    """One change: the text that a plan shows, and the function that makes the change."""

    text: str
    run: Callable[[], object] = field(repr=False)


@dataclass(frozen=True)
class Step:
    """One desired state, and the actions that lead to it.

    Attributes:
        key: A stable name for scripts, in kebab case.
        title: The displayed name, as an imperative: "Lock the dependencies".
        observe: Checks whether the step is done. It must not change anything, and must work before earlier steps ran.
        actions: The actions that complete the step, in order.
        inspect: Replaces `observe` in a dry run, where `observe` could run programs from the repository.
    """

    key: str
    title: str
    observe: Callable[[], State]
    actions: tuple[Action, ...]
    inspect: Callable[[], State] | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of one step.

    Attributes:
        step: The step.
        result: "done" if nothing was needed, "needed" in a dry run, "applied" if the actions ran.
        evidence: The evidence of the last observation.
        seconds: Time taken, including the observations.
    """

    step: Step
    result: Literal["done", "needed", "applied"]
    evidence: str
    seconds: float


class Watcher(Protocol):
    """Receives the progress of a plan."""

    def started(self, step: Step) -> None:
        """Handle the start of a step."""

    def finished(self, outcome: Outcome) -> None:
        """Handle the result of a step."""


@dataclass(frozen=True)
class Plan:
    """An ordered list of steps that lead to a goal."""

    goal: str
    steps: tuple[Step, ...]

    def show(self, watcher: Watcher) -> tuple[Outcome, ...]:
        """Observe every step, change nothing, and run no program from the repository."""
        return tuple(self._watched(watcher, _observe))

    def apply(self, watcher: Watcher) -> tuple[Outcome, ...]:
        """Complete every step, observing it before and after its actions.

        Raises:
            StepFailed: The actions of a step ran without an error, but the step is not done.
            RndError: An action failed.
        """
        return tuple(self._watched(watcher, _apply))

    def _watched(self, watcher: Watcher, process: Callable[[Step], Outcome]) -> Iterator[Outcome]:
        for step in self.steps:
            watcher.started(step)
            outcome = process(step)
            watcher.finished(outcome)
            yield outcome


def _observe(step: Step) -> Outcome:
    start = time.perf_counter()
    state = (step.inspect or step.observe)()
    return Outcome(step, "done" if state.done else "needed", state.evidence, time.perf_counter() - start)


def _apply(step: Step) -> Outcome:
    start = time.perf_counter()
    state = step.observe()
    if state.done:
        return Outcome(step, "done", state.evidence, time.perf_counter() - start)
    for action in step.actions:
        action.run()
    state = step.observe()
    if not state.done:
        raise StepFailed(f"{step.title}: the actions ran without an error, but the step is not done: {state.evidence}.")
    return Outcome(step, "applied", state.evidence, time.perf_counter() - start)

"""Observe, plan, apply: the one form of everything that this program does to the world.

A `Step` says how to see whether it is done and which actions do it. A `Plan` is steps in order. Showing a plan is the
dry run, applying it is the command, applying it again changes nothing, and a plan killed half-way is finished by the
next one, because what was done is read from the world and never from a journal. Touches nothing by itself.
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
    """What was observed: whether the step is done, and the evidence in a few words."""

    done: bool
    evidence: str


def done(evidence: str) -> State:
    """Return the state of a step that needs nothing."""
    return State(done=True, evidence=evidence)


def needed(evidence: str) -> State:
    """Return the state of a step that has something to do."""
    return State(done=False, evidence=evidence)


@dataclass(frozen=True)
class Action:
    """One change to the world: the text that a plan shows, and the call that makes it."""

    text: str
    run: Callable[[], object] = field(repr=False)


@dataclass(frozen=True)
class Step:
    """One thing that should be so.

    Attributes:
        key: A stable name for scripts, in kebab case.
        title: What a person reads, as an imperative: "Lock the dependencies".
        observe: Looks whether it is so. Must change nothing, and must hold up before the steps ahead of it are done.
        actions: What makes it so, in order.
    """

    key: str
    title: str
    observe: Callable[[], State]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one step.

    Attributes:
        result: "done" where nothing was needed, "needed" in a plan only shown, "applied" where actions ran.
        seconds: Time taken, observing included.
    """

    step: Step
    result: Literal["done", "needed", "applied"]
    evidence: str
    seconds: float


class Watcher(Protocol):
    """Is told what a plan does while it does it."""

    def started(self, step: Step) -> None:
        """Take note that a step is about to be observed, and applied if needed."""

    def finished(self, outcome: Outcome) -> None:
        """Take note of what became of a step."""


@dataclass(frozen=True)
class Plan:
    """Steps that lead to one goal, in order."""

    goal: str
    steps: tuple[Step, ...]

    def show(self, watcher: Watcher) -> tuple[Outcome, ...]:
        """Observe every step and change nothing."""
        return tuple(self._watched(watcher, _observe))

    def apply(self, watcher: Watcher) -> tuple[Outcome, ...]:
        """Make every step so, observing each just before and just after its actions.

        Raises:
            StepFailed: A step's actions ran without complaint, and yet it is not done.
            RndError: An action failed.
        """
        return tuple(self._watched(watcher, _make_so))

    def _watched(self, watcher: Watcher, treat: Callable[[Step], Outcome]) -> Iterator[Outcome]:
        for step in self.steps:
            watcher.started(step)
            outcome = treat(step)
            watcher.finished(outcome)
            yield outcome


def _observe(step: Step) -> Outcome:
    start = time.perf_counter()
    state = step.observe()
    return Outcome(step, "done" if state.done else "needed", state.evidence, time.perf_counter() - start)


def _make_so(step: Step) -> Outcome:
    start = time.perf_counter()
    state = step.observe()
    if state.done:
        return Outcome(step, "done", state.evidence, time.perf_counter() - start)
    for action in step.actions:
        action.run()
    state = step.observe()
    if not state.done:
        raise StepFailed(f"{step.title}: its actions ran, and yet {state.evidence}.")
    return Outcome(step, "applied", state.evidence, time.perf_counter() - start)

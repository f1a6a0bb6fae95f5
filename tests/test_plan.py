"""A plan observes, shows and applies; here its world is a dict."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rnd.errors import StepFailed
from rnd.plan import Action, Outcome, Plan, State, Step, done, needed


@dataclass
class Heard:
    """A watcher that keeps what it was told."""

    told: list[str] = field(default_factory=list)

    def started(self, step: Step) -> None:
        self.told.append(f"{step.key}…")

    def finished(self, outcome: Outcome) -> None:
        self.told.append(f"{outcome.step.key}: {outcome.result}")


def put(world: dict[str, int], key: str, value: int = 1) -> Step:
    """A step that puts a value into the world."""

    def observe() -> State:
        return done("it is there") if key in world else needed("it is missing")

    return Step(key, f"Put {key}", observe, (Action(f"put {key}", lambda: world.update({key: value})),))


def test_show_changes_nothing() -> None:
    world = {"a": 1}
    outcomes = Plan("two letters", (put(world, "a"), put(world, "b"))).show(Heard())
    assert [outcome.result for outcome in outcomes] == ["done", "needed"]
    assert world == {"a": 1}


def test_apply_does_only_what_is_needed_and_a_second_time_nothing() -> None:
    world = {"a": 7}
    plan = Plan("two letters", (put(world, "a"), put(world, "b")))
    assert [outcome.result for outcome in plan.apply(Heard())] == ["done", "applied"]
    assert [outcome.result for outcome in plan.apply(Heard())] == ["done", "done"]
    assert world == {"a": 7, "b": 1}


def test_the_watcher_hears_each_step_as_it_happens() -> None:
    heard = Heard()
    Plan("one letter", (put({}, "a"),)).apply(heard)
    assert heard.told == ["a…", "a: applied"]


def test_a_step_that_stays_undone_is_an_error() -> None:
    idle = Step("idle", "Do nothing", lambda: needed("nothing has changed"), (Action("nothing", lambda: None),))
    with pytest.raises(
        StepFailed, match="Do nothing: the actions ran without an error, but the step is not done: nothing has changed"
    ):
        Plan("idleness", (idle,)).apply(Heard())


def test_a_failing_action_stops_the_plan_and_the_next_run_goes_on() -> None:
    world: dict[str, int] = {}
    flaky = [RuntimeError("cut")]

    def sometimes() -> None:
        if flaky:
            raise flaky.pop()
        world["b"] = 1

    b = Step("b", "Put b", lambda: State(done="b" in world, evidence=""), (Action("put b", sometimes),))
    plan = Plan("three letters", (put(world, "a"), b, put(world, "c")))
    with pytest.raises(RuntimeError, match="cut"):
        plan.apply(Heard())
    assert world == {"a": 1}
    assert [outcome.result for outcome in plan.apply(Heard())] == ["done", "applied", "applied"]

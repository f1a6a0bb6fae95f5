"""What a terminal shows while a plan is at work: every step from the start, in columns that do not move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from rnd.plan import Action, Outcome, Plan, Step, done
from rnd.progress import LiveList, took
from rnd.report import place

if TYPE_CHECKING:
    import pytest


def step(key: str, title: str) -> Step:
    return Step(key, title, lambda: done("there"), (Action(key, lambda: None),))


LOCK, TEST = step("lock", "Lock the dependencies"), step("test", "Test")
PLAN = Plan("two steps", (LOCK, TEST))


def drawn(shown: LiveList, width: int = 60) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_every_step_is_there_before_the_first_has_begun() -> None:
    assert drawn(LiveList(PLAN)) == ["· Lock the dependencies", "· Test"]


def test_a_plan_without_steps_shows_nothing() -> None:
    assert drawn(LiveList(Plan("nothing", ()))) == []


def test_a_finished_step_shows_its_time_and_its_evidence() -> None:
    shown = LiveList(PLAN)
    shown.finished(Outcome(LOCK, "applied", "21 packages", 1.23))
    shown.finished(Outcome(TEST, "done", "passed", 1.23))
    assert drawn(shown) == [
        "✓ Lock the dependencies   1.2 s  21 packages",
        "✓ Test                           passed",
    ]


def test_the_step_that_failed_is_crossed_out() -> None:
    shown = LiveList(PLAN)
    shown.started(LOCK)
    assert drawn(shown)[0] != "✗ Lock the dependencies"
    shown.stopped()
    assert drawn(shown) == ["✗ Lock the dependencies", "· Test"]


def test_a_narrow_terminal_cuts_the_evidence_and_nothing_else() -> None:
    shown = LiveList(PLAN)
    shown.finished(Outcome(LOCK, "applied", "21 packages in uv.lock", 1.23))
    assert drawn(shown, width=40)[0] == "✓ Lock the dependencies   1.2 s  21 pac…"


def test_a_time_too_short_to_feel_is_not_worth_a_word() -> None:
    assert [took(seconds) for seconds in (0, 0.049, 0.05, 12.34)] == ["", "", "0.1 s", "12.3 s"]


def test_a_folder_is_shown_as_one_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert place(Path("/home/ada/work/speech")) == "~/work/speech"
    assert place(Path("/home/ada/my work")) == "~/'my work'"
    assert place(Path("/srv/speech")) == "/srv/speech"
    assert place(Path("/home/ada")) == "/home/ada"

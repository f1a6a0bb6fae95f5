"""The seconds of a job, divided by what its steps do."""

from __future__ import annotations

import json

import pytest

from rnd_rehearsal import spent
from rnd_rehearsal.workflow_files import load, steps_of
from tests.helpers.machine import ROOT


def line(
    moment: float, step: list[str], text: str, seconds: float | None = None, outer: str = "Do"
) -> tuple[float, str]:
    entry = {"jobID": "job", "stage": "Main", "stepID": step, "step": outer, "msg": text}
    ended = {} if seconds is None else {"stepResult": "success", "executionTime": seconds * 1e9}
    return moment, json.dumps(entry | ended)


def test_a_step_that_first_installs_the_toolkit_is_divided() -> None:
    lines = [
        (0.0, "not JSON\n"),
        line(0, ["0"], "⭐ Run Main Check out", outer="Check out"),
        line(2, ["0", "git"], "  ✅  Success - Main git [2s]", 2, outer="Check out"),
        line(2, ["0"], "  ✅  Success - Main Check out [2s]", 2, outer="Check out"),
        line(2, ["1", "1"], "⭐ Run Main Build the wheel"),
        line(5, ["1", "1"], "Installed 37 packages in 1.51s\n"),
        line(9, ["1", "1"], "  ✅  Success - Main Build the wheel [7s]", 7),
        line(9, ["1"], "  ✅  Success - Main Do [7s]", 7),
        line(10, ["2"], "  ❌  Failure - Main Anything else [1s]", 1),
    ]
    assert spent.divide(lines) == {"checkout": 2, "toolkit": 3, "build": 4, "other": 1}


def test_a_step_that_builds_and_pushes_is_divided() -> None:
    name = "Build the image from the package and push it"
    lines = [
        line(0, ["0", "image"], f"⭐ Run Main {name}"),
        line(6, ["0", "image"], "The push refers to repository [127.0.0.1:1/dev/rover]"),
        line(8, ["0", "image"], f"  ✅  Success - Main {name} [8s]", 8),
    ]
    assert spent.divide(lines) == {"build": 6, "push": 2}


def test_an_installation_within_a_step_of_the_toolkit_stays_there() -> None:
    lines = [
        line(0, ["0", "0"], "⭐ Run Main Install uv where it is missing"),
        line(1, ["0", "0"], "Installed 1 package in 5ms"),
        line(4, ["0", "0"], "  ✅  Success - Main Install uv where it is missing [4s]", 4),
    ]
    assert spent.divide(lines) == {"toolkit": 4}


def around(moment: float, step: str, text: str, **ended: str) -> tuple[float, str]:
    return moment, json.dumps({"jobID": "job", "stepid": [step], "step": step, "msg": text} | ended)


def test_what_act_does_between_the_steps_is_not_the_jobs() -> None:
    lines = [
        around(1, "--setup-job", "⭐ Run Set up job"),
        around(3, "--setup-job", "  ✅  Success - Set up job", stepResult="success"),
        line(5, ["0"], "⭐ Run Main Check out", outer="Check out"),
        line(6, ["0"], "  ✅  Success - Main Check out [1s]", 1, outer="Check out"),
        around(9, "--complete-job", "⭐ Run Complete job"),
        around(10, "--complete-job", "  ✅  Success - Complete job", stepResult="success"),
    ]
    assert spent.added(lines) == 9 - (2 + 1 + 1)
    assert spent.added([]) == 0


@pytest.mark.parametrize("name", spent.STEPS)
def test_the_names_are_those_of_the_steps(name: str) -> None:
    actions = [load(path.read_text(encoding="utf-8")) for path in (ROOT / "actions").glob("*/action.yml")]
    assert name in {step.get("name") for action in actions for step in steps_of(action)}

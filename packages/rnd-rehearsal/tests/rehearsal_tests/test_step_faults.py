"""Steps that fail once, after their work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal import workflow_files
from rnd_rehearsal.step_faults import StepFaults, central_actions, fail_in_actions
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop

CENTRAL = "Acme/template/actions/"
FAULTS = StepFaults(Path("faults"), CENTRAL)
WORKFLOW = """\
on: push
permissions: {contents: read}
jobs:
  work:
    name: work
    runs-on: self-hosted
    steps:
      - uses: actions/checkout@v5
      - name: Greet
        run: echo hello >> PLACE
      - name: Only elsewhere
        if: github.ref == 'refs/heads/elsewhere'
        run: exit 1
      - name: Clean up
        if: always()
        run: echo clean >> PLACE
  other:
    name: other
    runs-on: self-hosted
    steps: [{run: echo other >> PLACE}]
"""


@pytest.mark.slow
def test_each_step_does_its_work_and_fails_once(workshop: Workshop, tmp_path: Path) -> None:
    said = tmp_path / "said"
    workshop.runner.settings.faults = StepFaults(tmp_path / "faults", CENTRAL, ("work",))
    workshop.push("main", "ci: work", **{".github__workflows__work_yml": WORKFLOW.replace("PLACE", str(said))})
    (first,) = workshop.finished()
    second = workshop.runner.rerun(first)
    workshop.finished()
    third = workshop.runner.rerun(second)
    workshop.finished()
    assert [run.conclusion for run in (first, second, third)] == ["failure", "failure", "success"]
    # First the checkout fails, with it the step that always runs; then the greeting, after it was said.
    assert sorted(said.read_text().split()) == sorted(["other", *["clean"] * 3, *["hello"] * 2])
    assert "lets this step fail" in workshop.log(second, "work")
    left = workshop.runner.settings.faults.failed(first.path, "work")
    assert left == {"work.1", "work.2", "work.4"}


def test_every_step_of_the_central_actions_can_fail() -> None:
    actions = central_actions(ROOT)
    placed = fail_in_actions(ROOT, FAULTS)
    assert set(placed) == {f"actions/{name}/action.yml" for name in actions}
    for name, action in actions.items():
        text = placed[f"actions/{name}/action.yml"]
        known = list(FAULTS.steps(action["runs"], actions, name))
        assert len(known) == len(action["runs"]["steps"])
        for step in known:
            assert f'/${{GITHUB_JOB}}.{step.name}"' in text.replace("\\", "")


def test_a_central_action_fails_by_its_own_steps() -> None:
    job = workflow_files.load(f"steps: [{{uses: {CENTRAL}set-up@v1}}, {{run: echo}}]")
    placed = FAULTS.place({"jobs": {"work": job}})["jobs"]["work"]["steps"]
    assert placed[0] == job["steps"][0]
    assert placed[1]["run"].startswith("echo\n")
    names = [step.name for step in FAULTS.steps(job, central_actions(ROOT))]
    assert names == ["set-up.1", "set-up.2", "2"]


@pytest.mark.parametrize(
    ("condition", "is_conditional"),
    [("always()", False), ("${{ !cancelled() }}", False), ("github.event_name == 'push'", True)],
)
def test_a_step_that_always_runs_is_told_from_one_that_may_not(condition: str, is_conditional: bool) -> None:
    (step,) = FAULTS.steps({"steps": [{"run": "echo", "if": condition}]}, {})
    assert step.is_conditional == is_conditional

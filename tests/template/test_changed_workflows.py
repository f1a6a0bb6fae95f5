"""Every example of "Change when the pipeline runs": applied to a new repository, linted, and held to what it starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rnd.organisation import load_organisation
from tests.helpers.contracts import faults
from tests.helpers.examples import CENTRAL, apply, examples
from tests.helpers.linters import audit, lint, validate, workflow_files
from tests.helpers.machine import BOTH_TOOLS, isolate
from tests.helpers.template import copy_template, render
from tests.helpers.workflows import workflows

# What each example starts, by event and branch; everything else starts what it did.
BEFORE = {
    ("pull_request", "main"): {"on_pr.yml"},
    ("pull_request", "dev"): {"on_pr.yml"},
    ("push", "main"): {"on_push_main.yml"},
    ("push", "dev"): set[str](),
    ("push", "feature/a"): set[str](),
}
ON_MAIN = ("push", "main")
STARTS: dict[str, dict[tuple[str, str], set[str]]] = {
    "Publish development versions from `dev`": {("push", "dev"): {"on_push_dev.yml"}},
    "Check every branch except `main` without a pull request": {
        ("push", "dev"): {"on_push_branch.yml"},
        ("push", "feature/a"): {"on_push_branch.yml"},
    },
    "Run pull requests into `dev` only": {("pull_request", "main"): set()},
    "Use an image of your own": {},
    "Test on a GPU runner": {},
    "Change the floating tags": {},
    "Add a required job": {},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A new repository with each dependency tool."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        template = copy_template(tmp_path_factory.mktemp("template"))
        place = tmp_path_factory.mktemp("made")
        return {
            tool: render(template, place / tool, project_name="arm_control", dependency_tool=tool)
            for tool in ("uv", "conda")
        }


@pytest.fixture(params=STARTS)
def title(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def changed(title: str, tool: str, made: dict[str, Path], tmp_path: Path) -> Path:
    """A new repository with the edits of an example."""
    copy = Path(shutil.copytree(made[tool], tmp_path / "copy"))
    for file, diff in examples()[title]:
        apply(copy, file, diff)
    return copy


def test_every_example_of_the_page_is_tried() -> None:
    assert examples().keys() == STARTS.keys()


@BOTH_TOOLS
def test_it_starts_what_the_page_says(title: str, changed: Path) -> None:
    found = workflows(changed)
    for (event, branch), before in BEFORE.items():
        started = {name for name, workflow in found.items() if workflow.starts_on(event, branch)}
        assert started == STARTS[title].get((event, branch), before), (event, branch)


def test_nothing_but_main_asks_for_a_release(changed: Path) -> None:
    """The environment of releases admits `main` only, as the identity does: a job of `dev` in it would never start."""
    assert load_organisation().github.repository.environment.branches == ["main"]
    found = [
        one for one in workflows(changed).values() if any(one.starts_on(*start) for start in BEFORE if start != ON_MAIN)
    ]
    assert found
    for job in (job for workflow in found for job in workflow.jobs.values()):
        assert "environment" not in {**job.data, **job.data.get("with", {})}, job.place
        assert "/release.yml@" not in job.data.get("uses", ""), job.place


@BOTH_TOOLS
def test_everything_still_fits(changed: Path) -> None:
    for workflow in workflows(changed).values():
        assert faults(workflow, f"{CENTRAL}/actions/") == []


def test_the_linters_find_nothing(changed: Path) -> None:
    files = workflow_files(changed)
    for ended in (audit(changed, "."), validate("github-workflows", files)):
        assert ended.returncode == 0, ended.stdout
    assert lint(changed, files) == ""

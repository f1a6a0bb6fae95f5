"""Every scenario ends as the specification says, and logs no secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rehearsal_tests.workshop import check_logs, need_images
from rnd.adopt.body import body
from rnd.adopt.branch import Branch
from rnd.adopt.proof import Proof
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd.adopt.trial import Trial
from rnd_rehearsal import sandbox, timeline
from rnd_rehearsal.actors import BEFORE, Actors
from rnd_rehearsal.adopt_aws_scenario import adopt_aws
from rnd_rehearsal.adopt_scenario import proven
from rnd_rehearsal.changes import change, change_with_wrong_title, propose_hotfix, propose_two
from rnd_rehearsal.channel import interpreter
from rnd_rehearsal.newcomer import CONDA, SETUP_PY
from rnd_rehearsal.scenarios import SCENARIOS
from rnd_rehearsal.services import Options
from tests.helpers.machine import PYTHON, ROOT, channel
from tests.helpers.pages import code_in, read_page, table

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.sandbox import Sandbox

# These are about commits, merges, tokens and single steps, the same with both tools: each was run with conda as well,
# and can be again.
ALIKE = {"breaking", "untyped", "fork", "rerun", "without-app", "without-aws"}
# Tests below run these, or what they are about, in one repository.
TOGETHER = {"breaking-before-1.0", "two-at-once", "wrong-title", "hotfix", "adopt", "adopt-aws"}
# `attacks` has its own tests, and `rnd rehearse` runs `feature`, which begins with `first-release`, in its own test.
# What others do as well: the change of `untyped` is in `without-aws`; a level and a squash of `breaking`, in `feature`
# and the test of one repository; `fix`, in a test below, with all of its steps and images besides. With conda,
# `feature` is the first release of `stock-copier` and the change of that test. `research` takes two minutes of a core:
# it is run by hand, with images, and extras, the cooldown, the audit, features and the image have tests of their own.
NOT_AGAIN = {
    "uv": {"first-release", "feature", "attacks", "untyped", "breaking", "fix", "research", *TOGETHER},
    "conda": {"first-release", "feature", "fix", *ALIKE, *TOGETHER},
}
# It is run with conda, where that can be: with uv, its folder has a test, and the first release is that of `feature`.
NOT_AGAIN["uv" if interpreter(PYTHON) else "conda"].add("stock-copier")
# What these are about does not depend on the checks of the code, which the others run with both tools. The checks
# publish nothing, so a re-run finds nothing of theirs.
WITHOUT_CHECKS = {"without-app", "rerun"}
# What each job begins with, and which does the same in all of them: the check-out and the first step of `set-up`. In
# `rerun`, these have failed before in each job but the first one of a pipeline, which leaves the last step of `set-up`.
BEGINNING = ("1", "set-up.1")
CALLED = {
    "on_pr.yml": ("lint-and-test/lint-and-test", "package/build", "package/publish", "image/image"),
    "on_push_main.yml": (
        *("lint-and-test/lint-and-test", "package/build", "package/publish", "image/image", "image/promote"),
        "release/release",
    ),
}
TOLD = [(tool, name) for name, scenario in SCENARIOS.items() for tool in scenario.tools if name not in NOT_AGAIN[tool]]

COMPARED = "The wheels of both commits were built and compared."

pytestmark = pytest.mark.usefixtures("no_accounts")


@pytest.mark.slow
@pytest.mark.timeout(3600)  # `rerun` has about forty attempts, and this machine may have other work
@pytest.mark.parametrize(("tool", "name"), TOLD)
def test_it_ends_as_it_should(tool: str, name: str, tmp_path: Path) -> None:
    rehearse(name, tool, tmp_path, images=False)


@pytest.mark.slow
def test_one_repository_takes_one_change_after_another(tmp_path: Path) -> None:
    """What `two-at-once`, `hotfix`, `wrong-title` and `breaking-before-1.0` are about; jobs do not check the code."""
    with sandbox.start(tmp_path, ROOT, Options(checks=False)) as up:
        actors = Actors(up)
        actors.prepare(BEFORE)
        propose_two(actors)
        actors.commit("hotfix", "fix: stop", "stop", start="0.5.1")
        change_with_wrong_title(actors, "feat: reverse", "0.6.0")
        propose_hotfix(actors, "0.6.1")
        actors.git("branch", "--delete", "--force", "change")
        change(actors, "feat: turn\n\nBREAKING CHANGE: the other way", "1.0.0", "rebase", title="feat!: turn")
        check_results(actors)
        assert actors.tags() == {BEFORE, "0.5.0", "0.5.1", "0.6.0", "0.6.1", "1.0.0"}


@pytest.mark.slow
def test_images_are_made_and_followed(tmp_path: Path) -> None:
    """With uv, `test_changed_pipelines` makes them."""
    need_images()
    rehearse("fix", "conda", tmp_path, images=True)


@pytest.mark.slow
def test_existing_repositories_join(tmp_path: Path) -> None:
    """One sandbox for both tools; `rnd rehearse` runs `adopt` with Poetry too, and `adopt-aws` with images."""
    tool = "uv" if interpreter(PYTHON) is None else "conda"
    kinds = (SETUP_PY, CONDA) if tool == "conda" else (SETUP_PY,)
    with sandbox.start(tmp_path, ROOT, Options(app=False, dependency_tool=tool)) as up:
        actors = Actors(up)
        adopt_aws(actors, kinds)
        check_results(actors)


@pytest.mark.parametrize(
    ("proof", "proves"),
    [
        (Proof(COMPARED), True),
        (Proof(COMPARED, ["extras: a is new"], explained={"extras: a is new": "the template adds it"}), True),
        (Proof(COMPARED, ["extras: a is new", "b"], explained={"b": "the template adds it"}), False),
        (Proof("No wheel was built.", missing="It needs permission."), False),
    ],
)
def test_the_text_of_an_adoption_proves_it_or_not(proof: Proof, *, proves: bool) -> None:
    found = analyse(tree_of(SETUP_PY.files), None, "main")
    assert proven(body(found, Branch("0" * 40, [], {}, [], locked=True), proof, Trial(2, 2))) == proves


def rehearse(name: str, tool: str, folder: Path, *, images: bool) -> None:
    """Run a scenario, and check all its results."""
    if tool == "conda":
        channel()  # which is made once, or says why it cannot be
    scenario = SCENARIOS[name]
    checks = scenario.options.checks and name not in WITHOUT_CHECKS
    options = replace(scenario.options, images=images, dependency_tool=tool, checks=checks)
    with sandbox.start(folder, ROOT, options) as up:
        actors = Actors(up)
        if name == "rerun":
            spare_beginnings(up)
        scenario.run(actors)
        check_results(actors)
        assert timeline.document(name, actors, 0)["succeeded"]
        assert actors.folder.joinpath({"uv": "uv.lock", "conda": "conda-lock.yml"}[tool]).exists()


def spare_beginnings(up: Sandbox) -> None:
    """Let what jobs begin with fail in one job of each pipeline, and not in all of them."""
    faults = up.runner.settings.faults
    assert faults is not None
    for workflow, jobs in CALLED.items():
        for caller, _, job in (one.partition("/") for one in jobs):
            for step in BEGINNING:
                (faults.of_job(workflow, caller) / f"{job}.{step}").mkdir(parents=True)


def check_results(actors: Actors) -> None:
    """Look whether all expectations of a scenario hold, and no log has a secret."""
    assert actors.checks
    assert [check.sentence for check in actors.checks if not check.holds] == []
    assert timeline.violations(actors.sandbox) == []
    check_logs(actors.sandbox)


def test_the_list_is_the_one_that_was_asked_for() -> None:
    wanted = {"first-release", "feature", "fix", "breaking", "breaking-before-1.0", "untyped", "fork"}
    assert set(SCENARIOS) >= wanted | {
        "two-at-once",
        "rerun",
        "wrong-title",
        "hotfix",
        "without-app",
        "stock-copier",
        "attacks",
        "research",
    }
    assert set(SCENARIOS) >= NOT_AGAIN["uv"] | NOT_AGAIN["conda"]


def test_the_page_lists_each_scenario_and_those_without_conda() -> None:
    listed = [name for cell in table("docs/how-to/rehearse.md", "Scenario") for name in code_in(cell)]
    assert sorted(listed) == sorted(SCENARIOS)
    section = read_page("docs/how-to/rehearse.md").partition("\n## With conda\n")[2].partition("\n## ")[0]
    without = code_in(section.partition(": any except ")[2].partition(". Its")[0])
    assert sorted(without) == sorted(name for name, scenario in SCENARIOS.items() if "conda" not in scenario.tools)

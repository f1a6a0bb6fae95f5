"""Every story that a rehearsal can tell ends as the specification says, and tells no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.rehearsal import timeline, world
from rnd.rehearsal.runner import iterate_logs
from rnd.rehearsal.scenarios import SCENARIOS
from rnd.rehearsal.story import Story
from tests.conftest import BOTH_TOOLS, ROOT, channel
from tests.rehearsal.conftest import need_images

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.rehearsal.world import World

# With conda, `feature` tells `first-release` too, and `fix` is told with images. `rerun` takes fifty attempts, at steps
# that are the same with both.
NOT_AGAIN = {"first-release", "fix", "rerun"}
TOLD = [
    (tool, name)
    for name, scenario in SCENARIOS.items()
    for tool in scenario.tools
    if tool == "uv" or name not in NOT_AGAIN
]

pytestmark = pytest.mark.usefixtures("no_accounts")


@pytest.mark.slow
@pytest.mark.timeout(1800)  # `rerun` has about fifty attempts, and this machine may have other work
@pytest.mark.parametrize(("tool", "name"), TOLD)
def test_it_ends_as_it_should(tool: str, name: str, tmp_path: Path) -> None:
    tell(name, tool, tmp_path, images=False)


@pytest.mark.slow
@BOTH_TOOLS
def test_images_are_made_and_followed(tool: str, tmp_path: Path) -> None:
    need_images()
    tell("fix", tool, tmp_path, images=True)


def check_containers(up: World) -> None:
    """Look whether each job ran in the image that its workflow names, and whether none of them is left."""
    assert timeline.left_out(up) == []
    containers = up.runner.settings.containers
    assert containers is not None
    assert containers.left() == []
    image = up.organisation.aws.base_image.partition(":")[0]
    for run, job, log in iterate_logs(up.runner.runs):
        if job.result and job.result.verdict == "skipped":
            continue
        assert f"/{image}:" in log, f"{job.id} of run {run.number} did not run in its container"


def tell(name: str, tool: str, folder: Path, *, images: bool) -> None:
    """Tell a story, and look at all that came of it."""
    if tool == "conda":
        channel()  # which is made once, or says why it cannot be
    scenario = SCENARIOS[name]
    with world.start(
        folder, ROOT, app=scenario.app, images=images, dependency_tool=tool, failing=scenario.failing
    ) as up:
        story = Story(up)
        scenario.tell(story)
        found = timeline.document(name, story, 0)
        assert [check.sentence for check in story.checks if not check.holds] == []
        assert found["violations"] == []
        assert found["succeeded"]
        if images:
            check_containers(up)
        assert story.folder.joinpath({"uv": "uv.lock", "conda": "conda-lock.yml"}[tool]).exists()
        logs = list(iterate_logs(up.runner.runs))
        assert len(logs) >= len(up.runner.runs)
        for run, job, log in logs:
            for what, secret in up.secrets().items():
                assert secret not in log, f"{what} is in the log of {job.id} in run {run.number}"


def test_the_list_is_the_one_that_was_asked_for() -> None:
    wanted = {"first-release", "feature", "fix", "breaking", "breaking-before-1.0", "untyped", "fork"}
    assert set(SCENARIOS) >= wanted | {"two-at-once", "rerun", "wrong-title", "hotfix", "without-app", "stock-copier"}
    assert set(SCENARIOS) >= NOT_AGAIN

"""Every example of "Change when the pipeline runs" is lived through: applied, pushed, and run by the runner."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from rehearsal_tests.workshop import check_containers, check_logs, need_images
from rnd_rehearsal import sandbox
from rnd_rehearsal.actors import BEFORE, Actors
from rnd_rehearsal.runs import iterate_logs
from rnd_rehearsal.services import Options
from tests.helpers.examples import apply, examples
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_accounts")]

ON_DEV = (
    "Publish development versions from `dev`",
    "Check every branch except `main` without a pull request",
    "Run pull requests into `dev` only",
    "Test on a GPU runner",
    "Add a required job",
)
IN_IMAGES = ("Use an image of your own", "Change the floating tags")
OWN_IMAGE = "rehearsal.example/own:1"


def change(actors: Actors, *titles: str) -> None:
    """Make the edits of some examples in the work tree."""
    for title in titles:
        for file, diff in examples()[title]:
            apply(actors.folder, file, diff)


def propose(actors: Actors, branch: str, base: str) -> int:
    """Open a pull request into a branch, and return its number."""
    body = {"title": "feat: drive", "head": branch, "base": base}
    return int(actors.ask("POST", "/pulls", body)["number"])


def verdicts(runs: list[Run]) -> dict[str, dict[str, str]]:
    """Return how the jobs of each run ended, by the names of run and job."""
    return {run.name: {name: result.verdict for name, result in run.results().items()} for run in runs}


def test_every_example_of_the_page_is_lived_through() -> None:
    assert examples().keys() == {*ON_DEV, *IN_IMAGES}


def test_development_happens_on_a_branch_of_its_own(tmp_path: Path) -> None:
    with sandbox.start(tmp_path, ROOT) as up:
        actors = Actors(up)
        actors.prepare(BEFORE)
        change(actors, *ON_DEV)
        (actors.folder / "docs").mkdir()
        (actors.folder / "docs" / "Makefile").write_text("html:\n\t@echo the pages are made\n")
        head = actors.commit("dev", "feat: turn", "turn")
        pushed = verdicts(actors.wait())
        assert pushed.keys() == {"Development", "Branch"}
        assert set(pushed["Development"].values()) | set(pushed["Branch"].values()) == {"success"}
        (wheel,) = actors.wheels()
        version, _, commit = wheel.partition("+")
        assert (version, commit) == ("0.5.0.dev0", head[: len(commit)])
        assert actors.tags() == {BEFORE}

        actors.commit("feature", "feat: drive", "drive", start="dev")
        assert verdicts(actors.wait()).keys() == {"Branch"}
        propose(actors, "feature", "main")
        assert actors.wait() == []
        propose(actors, "feature", "dev")
        runs = actors.wait()
        last = next(run for run in reversed(runs) if run.name == "Pull request")
        assert verdicts([last])["Pull request"].items() >= {
            ("documentation", "success"),
            ("lint-and-test", "success"),
            ("all-green", "success"),
        }
        logs = {job.id: log for _, job, log in iterate_logs([last])}
        assert "the pages are made" in logs["documentation"]
        asked = last.places["lint-and-test/lint-and-test"].written["runs-on"]
        assert asked == ["self-hosted", "research-gpu"]
        assert up.hub.violations == []


def test_tests_run_in_an_image_of_ones_own_and_other_tags_follow(tmp_path: Path) -> None:
    need_images()
    with sandbox.start(tmp_path, ROOT, Options(images=True, containers=True)) as up:
        assert up.images is not None
        base = "rnd-rehearsal-job:base"  # which has git and Python, and no uv
        subprocess.run(["docker", "tag", base, OWN_IMAGE], env=up.images.environment, check=True)
        actors = Actors(up)
        actors.prepare(BEFORE)
        change(actors, *IN_IMAGES)
        edited = actors.folder / ".github" / "workflows" / "python_lint_and_test.yml"
        text = edited.read_text().replace("quay.io/pypa/manylinux_2_28_x86_64@sha256:" + "0" * 64, OWN_IMAGE)
        assert OWN_IMAGE in text
        edited.write_text(text)
        actors.commit("change", "fix: stop")
        number = actors.propose("change", "fix: stop")
        actors.wait()
        actors.check_proposed(number, "0.4.2")
        check_containers(up, {"own", up.organisation.image_registry.base_image.partition(":")[0]})
        for run, job, log in iterate_logs(up.runner.runs):
            own = f"Start image={OWN_IMAGE}" in log
            assert own == (job.id == "lint-and-test/lint-and-test"), f"{job.id} of run {run.number}"

        # A push to main calls the same workflows, which run in the same containers; the tags do not depend on these.
        up.runner.settings.containers = None
        actors.merge(number)
        tags = actors.images()
        assert tags["stable"] == tags["nightly"] == tags["0.4.2"]
        assert "latest" not in tags
        assert up.images.version_inside(actors.package, "stable") == "0.4.2"
        check_logs(up)
        assert [check.sentence for check in actors.checks if not check.holds] == []

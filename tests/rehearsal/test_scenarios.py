"""Every story that a rehearsal can tell ends as the specification says, and tells no secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rnd.rehearsal import timeline, world
from rnd.rehearsal.runner import iterate_logs
from rnd.rehearsal.scenarios import SCENARIOS
from rnd.rehearsal.story import Story
from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_it_should(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (Path(sys.prefix) / "bin" / "act").exists():
        pytest.skip("act is not on this machine")
    for variable in [one for one in os.environ if one.startswith(("AWS_", "GITHUB_", "GH_", "UV_PUBLISH_"))]:
        monkeypatch.delenv(variable)
    scenario = SCENARIOS[name]
    with world.start(tmp_path, ROOT, app=scenario.app) as up:
        story = Story(up)
        scenario.tell(story)
        found = timeline.document(name, story, 0)
        assert [check.sentence for check in story.checks if not check.holds] == []
        assert found["violations"] == []
        assert found["succeeded"]
        logs = list(iterate_logs(up.runner.runs))
        assert len(logs) >= len(up.runner.runs)
        for run, job, log in logs:
            for what, secret in up.secrets().items():
                assert secret not in log, f"{what} is in the log of {job.id} in run {run.number}"


def test_the_list_is_the_one_that_was_asked_for() -> None:
    wanted = {"first-release", "feature", "fix", "breaking", "breaking-before-1.0", "untyped", "fork"}
    assert set(SCENARIOS) >= wanted | {"two-at-once", "rerun", "wrong-title", "hotfix", "without-app"}

"""A plan has three parts: settings, which `apply` changes; files and workflows, which pull requests change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.organisation.fleet import Update

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.updates import World

SETTINGS = "features.wiki: true → false in 1 repository"
WORKFLOWS = "The workflows of 1 repository call the shared actions at another ref than org.yml has."
UPDATES = "Update pull requests: 2 to open. `rnd fleet update` does that."
JOBS = "2 pull requests, 24 jobs: "
ALL = (SETTINGS, WORKFLOWS, UPDATES, JOBS)


@pytest.fixture
def drifted(quick: World) -> World:
    """Three repositories behind the template, of which two can be updated at once, with drift of each kind."""
    fleet = quick.fleet
    fleet.configure(update=Update(at_once=2, every_days=0))
    for name in ("rnd-a", "rnd-b"):
        fleet.add(name, version="1.0.0")
    fleet.add("rnd-c", version="1.0.0", ref="v0")
    fleet.hosting.repository("rnd-a").settings["has_wiki"] = True
    return quick


@pytest.mark.slow
def test_each_part(drifted: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for only, shown in ((None, ALL), ("settings", ALL[:1]), ("workflows", ALL[1:2]), ("template", ALL[2:])):
        arguments = ["--only", only] if only else []
        assert cli.main(["fleet", "plan", *arguments]) == 3, only
        said = capsys.readouterr().out
        assert [part for part in ALL if part in said] == list(shown), only
        assert ("machine-hours, " in said and " USD, at least " in said) is (JOBS in shown), only
    assert cli.main(["fleet", "plan", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["workflows"] == ["rnd-c"]
    assert document["updates"]["counts"] == {"open": 2}
    assert drifted.pulls() == []
    # What is selected, of what the next tick does in the whole fleet.
    assert cli.main(["fleet", "plan", "--only", "template", "--repository", "rnd-a"]) == 3
    assert "Update pull requests: 1 to open." in capsys.readouterr().out
    assert cli.main(["fleet", "plan", "--only", "template", "--repository", "rnd-c"]) == 0
    assert "No update pull request to open" in capsys.readouterr().out
    for part in ("template", "workflows"):
        assert cli.main(["fleet", "plan", "--only", part, "--out", str(tmp_path / "plan.json")]) == 2
        assert cli.main(["fleet", "apply", "--only", part]) == 2
        assert "Pull requests change them: `rnd fleet update`." in capsys.readouterr().err
    assert cli.main(["fleet", "apply", "--only", "settings", "--quiet"]) == 0
    assert cli.main(["fleet", "plan", "--only", "settings"]) == 0
    assert drifted.pulls() == []

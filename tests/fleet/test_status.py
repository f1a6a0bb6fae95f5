"""`rnd fleet status`: what it says about repositories that differ in known ways."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rnd import cli
from rnd.organisation.fleet import Hold, Ring

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.helpers.fleet import Fleet


def test_one_in_order(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.add("rnd-one")
    assert cli.main(["fleet", "status"]) == 0
    said = capsys.readouterr().out
    assert f"1 repository of {fleet.hosting.owner} (2 seen; 1 not from this template)" in said
    assert "template      1.1.0 1" in said
    assert "workflows     v1 1" in said
    assert "settings      as configured 1" in said
    assert "The newest release of the template is 1.1.0." in said


def test_each_kind_of_difference(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.add("rnd-old", version="1.0.0")
    fleet.add("rnd-later", version="1.0.0-2-gabc1234")
    fleet.add("rnd-drifted")
    fleet.hosting.repository("rnd-drifted").settings["has_wiki"] = True
    fleet.add("rnd-canary", ref="main")
    fleet.add("rnd-elsewhere", source="https://example.com/other/rnd-template.git")
    fleet.add("rnd-archived")
    fleet.hosting.repository("rnd-archived").settings["archived"] = True
    assert cli.main(["fleet", "status"]) == 3
    said = capsys.readouterr().out
    assert "(7 seen; 2 not from this template, 1 archived)" in said
    assert "template      1.1.0 2   1.0.0+2 1   1.0.0 1" in said
    assert "workflows     v1 3   main 1" in said
    assert "settings      as configured 3   features.wiki 1" in said

    assert cli.main(["fleet", "status", "--json", "--having", "drift"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert {one["name"]: one["drift"] for one in document["repositories"]} == {
        "rnd-canary": [],
        "rnd-drifted": [{"key": "features.wiki", "wanted": False, "found": True}],
    }
    assert cli.main(["fleet", "status", "--having", "unreadable"]) == 0  # of the selected repositories
    capsys.readouterr()
    assert cli.main(["fleet", "status", "--having", "behind"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "rnd-later: template 1.0.0+2, 1 behind",
        "rnd-old: template 1.0.0, 1 behind",
    ]


def test_the_selection(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.configure(rings={"canary": Ring(repositories=["RND-one"]), "all": Ring()})
    fleet.add("rnd-one", ref="v1-canary")
    fleet.add("rnd-two", version="1.0.0")
    assert cli.main(["fleet", "status", "--ring", "canary"]) == 0
    assert cli.main(["fleet", "status", "--ring", "all"]) == 3
    assert cli.main(["fleet", "status", "--repository", "*-ONE"]) == 0
    capsys.readouterr()
    for more in ([], ["--ring", "all"]):  # a pattern without a match would look like a fleet in order
        assert cli.main(["fleet", "status", "--repository", "rnd-t*", "--repository", "x*", *more]) == 2
        assert (
            f"No repository of the {'ring all' if more else 'fleet'} matches --repository 'x*'."
            in capsys.readouterr().err
        )
    assert cli.main(["fleet", "status", "--ring", "early"]) == 2
    assert "org.yml has no ring 'early'" in capsys.readouterr().err


def test_held_and_watched(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """A held repository may be behind; a watched one is reported, and never counts as different."""
    today = date.today()
    fleet.configure(
        held={
            "rnd-thesis": Hold(until=today + timedelta(days=2), because="camera-ready"),
            "rnd-late": Hold(until=today - timedelta(days=2), because="over"),
        },
        watched=["legacy"],
    )
    fleet.add("rnd-thesis", version="1.0.0")
    fleet.add("legacy", answers="", in_order=False)
    assert cli.main(["fleet", "status"]) == 0
    said = capsys.readouterr().out
    assert "held          until later 1" in said
    assert "watched       no pyproject.toml, setup.py or setup.cfg 1" in said
    assert f"1 repository of {fleet.hosting.owner}" in said
    fleet.add("rnd-late", version="1.0.0")
    assert cli.main(["fleet", "status"]) == 3


def test_the_settings_that_only_rest_has(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.add("rnd-one")
    fleet.hosting.repository("rnd-one").actions["workflow"] = {"default_workflow_permissions": "write"}
    fleet.hub.calls.clear()
    assert cli.main(["fleet", "status"]) == 0
    assert (
        "Not read without --full, 5 requests for each repository: actions, environment.branches, "
        in capsys.readouterr().out
    )
    assert [path for _, path, _ in fleet.hub.calls if "/repos/" in path] == []
    assert cli.main(["fleet", "status", "--full"]) == 3
    assert "actions.token 1" in capsys.readouterr().out
    assert len([path for _, path, _ in fleet.hub.calls if "/repos/" in path]) == 5


def test_the_summary_of_a_job(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    fleet.add("rnd-one", ref="a_b")
    assert cli.main(["fleet", "status", "--github-summary"]) == 3
    assert "| workflows | a\\_b **1** |" in file.read_text(encoding="utf-8")


def test_no_such_organisation(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    config = fleet.organisation.github.model_copy(update={"owner": "nobody"})
    fleet.organisation = fleet.organisation.model_copy(update={"github": config})
    assert cli.main(["fleet", "status"]) == 1
    assert "GitHub has no organisation nobody" in capsys.readouterr().err

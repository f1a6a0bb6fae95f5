"""Repositories of the fleet that existed before the template: what `rnd fleet apply` leaves to their owners."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.fleet import governor
from tests.helpers.fleet import ANSWERS

if TYPE_CHECKING:
    from tests.helpers.fleet import Fleet


@pytest.mark.slow
def test_visibility_stays_and_main_waits_for_its_first_green_check(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(governor, "PAUSE", 0.0)
    source = fleet.organisation.template.repository
    text = ANSWERS.format(version="1.1.0", source=source, name="old") + "other_names:\n  package: old\n"
    fleet.add("old-aligner", answers=text, in_order=False)
    there = fleet.hosting.repository("old-aligner")
    there.settings |= {"visibility": "public", "private": False, "has_wiki": True}
    cli.main(["fleet", "apply", "--json"])
    said = capsys.readouterr().out
    outcomes = {one.get("setting"): one for one in json.loads(said)["outcomes"]}
    assert (there.settings["visibility"], there.settings["has_wiki"]) == ("public", False)
    protection = outcomes["protection"]
    assert (protection["result"], protection["code"]) == ("left-out", "github-main-unproven")
    assert [one["name"] for one in there.rulesets.values()] == ["release-tags"]

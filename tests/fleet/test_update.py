"""Update pull requests: opened, merged, renewed, refused, held; conflicts and people's work are safe."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from tests.helpers.events import move, undone
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.updates import World

pytestmark = pytest.mark.slow


def test_ring_by_ring(world: World) -> None:
    for name in ("rnd-a", "rnd-b", "rnd-c"):
        world.add(name)
    world.give("1.1.0", "canary")
    assert world.tick() == 0
    pull = world.pull("rnd-a")
    assert (pull.title, pull.draft, pull.state) == ("chore: update the template to 1.1.0", False, "open")
    assert "release 1.1.0" in world.show("rnd-a")
    assert "_src_path: " + world.fleet.organisation.template.repository in world.show(
        "rnd-a", path=".copier-answers.yml"
    )
    files = git(world.fleet.hosting.repository("rnd-a").folder, "ls-tree", "--name-only", "rnd/template").split()
    assert sorted(files) == [".copier-answers.yml", "notes.txt"]
    assert world.pulls("rnd-b") == world.pulls("rnd-c") == []

    world.pipelines()
    assert world.tick() == 0
    assert pull.merged_at is not None
    assert world.given() == {"canary": "1.1.0", "early": "1.0.0", "all": "1.0.0"}
    world.pipelines()
    world.clock.sleep(23.9 * 3600)
    assert world.tick() == 0
    assert world.given()["early"] == "1.0.0"
    world.clock.sleep(3600)
    assert world.tick() == 0
    assert world.given() == {"canary": "1.1.0", "early": "1.1.0", "all": "1.0.0"}
    assert world.pull("rnd-b").state == "open"
    assert world.pulls("rnd-c") == []


def test_a_newer_release_renews_the_pull_request_in_place(world: World) -> None:
    world.add("rnd-c")
    world.give("1.1.0")
    world.tick()
    number, first = world.pull("rnd-c").number, world.pull("rnd-c").head
    calls = len(world.fleet.hub.calls)
    world.tick()
    assert not [call for call in world.fleet.hub.calls[calls:] if call[0] != "GET" and "graphql" not in call[1]]
    world.release("1.2.0")
    world.give("1.2.0")
    assert world.tick() == 0
    pull = world.pull("rnd-c")
    assert (pull.number, pull.title) == (number, "chore: update the template to 1.2.0")
    assert pull.head != first
    assert "from 1.0.0 to **1.2.0**" in str(pull.body)
    assert "### 1.2.0" in str(pull.body)
    assert "### 1.1.0" in str(pull.body)


def test_a_conflict_cannot_be_merged_and_a_person_resolves_it(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = "one\ntwo\nthree\nrelease mine\nfour\nfive\nsix\n"
    world.add("rnd-a", **{"notes.txt": mine})
    world.give("1.1.0", "canary")
    assert world.tick() == 0
    pull = world.pull("rnd-a")
    repository = world.fleet.hosting.repository("rnd-a").folder
    assert pull.draft
    assert "<<<<<<< before updating" in world.show("rnd-a")
    assert "<<<<<<<" not in world.show("rnd-a", "rnd/template~1")
    assert "_commit: 1.1.0" in world.show("rnd-a", "rnd/template~1", ".copier-answers.yml")
    assert git(repository, "log", "--format=%s", "main..rnd/template").splitlines() == [
        "chore: mark the conflicts with the template 1.1.0",
        "chore: update the template to 1.1.0",
    ]
    capsys.readouterr()
    page = tmp_path / "page.html"
    cli.main(["fleet", "status", "--having", "conflict", "--html", str(page)])
    assert "rnd-a: " in (said := capsys.readouterr().out)
    assert "update conflict: has conflicts" in said
    assert "conflict 1.1.0</span>" in page.read_text(encoding="utf-8")
    cli.main(["fleet", "status"])
    said = capsys.readouterr().out
    assert "pull requests  conflict 1" in said
    assert "canary 1.1.0 for 0 h, not merged: rnd-a" in said
    world.pipelines()
    pull.draft = False  # somebody presses "Ready for review"
    world.tick()
    assert pull.draft
    assert pull.merged_at is None
    resolved = world.commit("rnd-a", "rnd/template", "notes.txt", "one\nrelease mine\n")
    world.release("1.2.0")
    world.give("1.2.0", "canary")
    world.tick()
    assert world.pull("rnd-a").head == resolved


def test_people_come_first(world: World) -> None:
    for name in ("rnd-c", "rnd-d", "rnd-e"):
        world.add(name)
    world.give("1.1.0")
    world.tick()
    version = world.commit("rnd-c", "rnd/template", "v.txt", "1", "chore(release): set version to 0.0.2")
    person = world.commit("rnd-d", "rnd/template", "mine.txt", "mine", "fix: mine")
    amended = git(world.fleet.folder / "rnd-d-person", "log", "-1", "--format=%ce", person)
    assert amended != "rnd@localhost"
    refused = world.pull("rnd-e")
    refused.state, refused.closed_at = "closed", "2026-11-30T12:00:00Z"
    world.tick()
    assert [pull.state for pull in world.pulls("rnd-e")] == ["closed"]
    assert (world.pull("rnd-c").head, world.pull("rnd-d").head) == (version, person)
    world.release("1.2.0")
    world.give("1.2.0")
    world.tick()
    assert world.pull("rnd-d").head == person
    assert world.pull("rnd-c").title.endswith("1.2.0")
    assert world.pull("rnd-c").head != version
    assert [(pull.state, pull.title[-5:]) for pull in world.pulls("rnd-e")] == [("closed", "1.1.0"), ("open", "1.2.0")]


def test_held_and_taken_back(world: World) -> None:
    world.add("rnd-c", **{".github__rnd.yml": "hold: {until: 2099-01-01, because: too far ahead}\n"})
    until = (world.now().date() + timedelta(days=30)).isoformat()
    world.add("rnd-d", **{".github__rnd.yml": f"hold: {{until: {until}, because: camera-ready}}\n"})
    world.give("1.1.0")
    world.tick()
    assert world.pulls("rnd-d") == []
    assert world.pull("rnd-c").state == "open"
    world.clock.sleep(31 * 24 * 3600)
    world.tick()
    assert world.pull("rnd-d").state == "open"
    assert cli.main(["fleet", "rollback", "--actions", "--plan"]) == 3
    assert world.given()["all"] == "1.1.0"
    assert cli.main(["fleet", "rollback", "--actions", "--to", "1.0.0"]) == 0
    assert set(world.given().values()) == {"1.0.0"}
    assert git(world.fleet.hosting.repository("rnd-template").folder, "show", "v1:files/notes.txt.jinja").count("1.0.0")
    world.tick()
    assert {pull.state for pull in world.pulls()} == {"closed"}
    world.release("1.2.0")
    assert cli.main(["fleet", "promote", "1.2.0"]) == 0
    assert world.given() == {"canary": "1.2.0", "early": "1.0.0", "all": "1.0.0"}
    assert cli.main(["fleet", "promote", "1.2.0"]) == 1


def test_a_merged_release_is_reverted(world: World) -> None:
    world.add("rnd-a")
    world.give("1.1.0", "canary")
    world.tick()
    world.pipelines()
    world.tick()
    assert "release 1.1.0" in world.show("rnd-a", "main")
    assert cli.main(["fleet", "rollback", "--actions", "--template", "--plan"]) == 3
    assert cli.main(["fleet", "rollback", "--actions"]) == 0
    repository = world.fleet.hosting.repository("rnd-a")

    def moved(request: Any, phase: str) -> None:  # noqa: ANN401
        if phase == "after" and ":revert-" in request.args.get("head", "") and repository.full_name in request.path:
            move(world.fleet, repository)

    with undone(world.fleet):  # it gets another owner right before that
        world.fleet.hub.faults.append(moved)
        assert cli.main(["fleet", "rollback", "--template"]) == 1
        world.fleet.hub.faults.clear()
    assert not any(pull.head_branch.startswith("revert-") for pull in repository.pulls.values())
    assert cli.main(["fleet", "rollback", "--template"]) == 0
    assert cli.main(["fleet", "rollback", "--template"]) == 0
    (pull,) = [pull for pull in repository.pulls.values() if pull.head_branch.startswith("revert-")]
    assert pull.title == "revert: go back from template 1.1.0 to 1.0.0"
    assert "release 1.0.0" in world.show("rnd-a", pull.head_branch)
    assert "_commit: 1.0.0" in world.show("rnd-a", pull.head_branch, ".copier-answers.yml")


def test_a_red_canary_is_not_promoted(world: World) -> None:
    """`test_promotion.py` has a hundred ticks."""
    world.add("rnd-a")
    world.add("rnd-b")
    world.red.add("rnd-a")
    world.give("1.1.0", "canary")
    for _ in range(3):
        assert world.tick() == 0
        world.pipelines()
        world.clock.sleep(24 * 3600)
    assert world.pull("rnd-a").merged_at is None
    assert world.given() == {"canary": "1.1.0", "early": "1.0.0", "all": "1.0.0"}
    assert cli.main(["fleet", "promote", "1.1.0", "--ring", "early"]) == 1
    assert world.pulls("rnd-b") == []

"""`rnd github status`: what a check found, said on the commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.github import Hosting

STATUS = ["github", "status", "--context", "all-green"]


@pytest.fixture
def clone(hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone to stand in, of a repository that is on the fake GitHub."""
    folder = tmp_path / "demo"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: all")
    hosting.publish(folder)
    monkeypatch.chdir(folder)
    return folder


def statuses(hosting: Hosting) -> list[tuple[str, str, str]]:
    """Return the statuses that the fake GitHub has, in turn: commit, context, state."""
    return [(one["sha"], one["context"], one["state"]) for one in hosting.repository().statuses]


def test_each_change_is_said_once(clone: Path, hosting: Hosting) -> None:
    head = git(clone, "rev-parse", "HEAD")
    for state in ("pending", "pending", "success", "success"):
        assert cli.main([*STATUS, state, "--description", "pytest", "--target-url", "https://example.com/1"]) == 0
    assert statuses(hosting) == [(head, "all-green", "pending"), (head, "all-green", "success")]


def test_another_check_is_another_status(clone: Path, hosting: Hosting) -> None:
    assert cli.main([*STATUS, "success"]) == 0
    assert cli.main(["github", "status", "--context", "other", "failure", "--commit", "main"]) == 0
    assert cli.main([*STATUS, "success"]) == 0
    head = git(clone, "rev-parse", "HEAD")
    assert statuses(hosting) == [(head, "all-green", "success"), (head, "other", "failure")]


@pytest.mark.usefixtures("clone")
def test_a_long_description_is_cut(hosting: Hosting) -> None:
    for _ in range(2):
        assert cli.main([*STATUS, "error", "--description", "x" * 200]) == 0
    (one,) = hosting.repository().statuses
    assert one["description"] == "x" * 140


@pytest.mark.usefixtures("clone")
def test_a_plan(hosting: Hosting, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*STATUS, "success", "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"][0]["result"] == "needed"
    assert statuses(hosting) == []

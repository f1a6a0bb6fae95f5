"""Git over HTTP, with real git on both sides."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from fake_github_tests.acme import git

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github_tests.acme import Acme


def clone(acme: Acme, folder: Path, token: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    """Clone the organisation's repository, with a token or as a stranger."""
    bearer = [] if token is None else ["-c", f"http.extraheader=Authorization: Bearer {token}"]
    return subprocess.run(
        ["git", *bearer, "clone", "--quiet", *options, acme.clone.address, str(folder)],
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_private_repository_is_for_those_who_may_read_it(acme: Acme, tmp_path: Path) -> None:
    assert clone(acme, tmp_path / "hers", acme.token).returncode == 0
    assert git(tmp_path / "hers", "log", "--format=%s") == "chore: begin"
    assert "could not read Username" in clone(acme, tmp_path / "nobodys", None).stderr
    assert "not found" in clone(acme, tmp_path / "eves", acme.hub.add_user("eve")).stderr
    assert clone(acme, tmp_path / "a-runs", acme.hub.workflow_token("Acme/rover", {"contents": "read"})).returncode == 0
    elsewhere = acme.hub.app_token("Acme/other", {"contents": "write"})
    assert clone(acme, tmp_path / "anothers", elsewhere).returncode == 128


def test_a_public_repository_is_for_everybody(acme: Acme, tmp_path: Path) -> None:
    acme.ada.rest.repos.update("Acme", "rover", private=False)
    assert clone(acme, tmp_path / "anybodys", None).returncode == 0


def test_who_may_only_read_pushes_nothing(acme: Acme) -> None:
    acme.clone.commit("feat: drive")
    pushed = acme.clone.with_token(acme.hub.add_user("bob")).push("main")
    assert pushed.returncode == 128
    assert "Permission to Acme/rover.git denied to bob." in pushed.stderr


def test_a_partial_clone_fetches_what_it_needs(acme: Acme, tmp_path: Path) -> None:
    for number in range(3):
        acme.clone.commit(f"feat: {number}")
    acme.clone.push("main")
    partial = clone(acme, tmp_path / "partial", acme.token, "--filter=tree:0", "--no-checkout")
    assert partial.returncode == 0
    assert git(tmp_path / "partial", "rev-list", "--count", "HEAD") == "4"


@pytest.mark.slow
def test_a_push_of_some_megabytes_arrives(acme: Acme) -> None:
    acme.clone.commit("feat: carry", load=os.urandom(3_000_000).hex())  # git sends it in chunks
    assert acme.clone.push("main").returncode == 0
    found = acme.ada.rest.git.get_ref("Acme", "rover", "heads/main").parsed_data
    assert found.object_.sha == git(acme.clone.folder, "rev-parse", "HEAD")


def test_the_commits_of_a_pull_request_are_fetched_by_its_number(acme: Acme) -> None:
    head = acme.clone.branch("feature", "feat: drive", drive="on")
    acme.open_pull("feature", "feat: drive")
    header = f"http.extraheader=Authorization: Bearer {acme.token}"
    git(acme.clone.folder, "-c", header, "fetch", "--quiet", acme.clone.address, "refs/pull/1/merge")
    assert git(acme.clone.folder, "rev-parse", "FETCH_HEAD^2") == head
    assert acme.clone.push("main:refs/pull/1/head").returncode == 1  # GitHub's own

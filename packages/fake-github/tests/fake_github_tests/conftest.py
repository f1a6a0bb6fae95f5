"""Fixtures: a fake GitHub, and an organisation in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github import FakeGitHub
from fake_github_tests.acme import SCOPES, Acme, Clone, client, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[FakeGitHub]:
    """A forge; nothing that a test makes it do may differ from GitHub's description."""
    with FakeGitHub.serve(tmp_path / "forge") as forge:
        yield forge
    assert forge.violations == []


@pytest.fixture
def acme(forge: FakeGitHub, tmp_path: Path) -> Acme:
    """The organisation and its repository."""
    token = forge.add_user("ada", scopes=SCOPES, name="Ada Lovelace")
    bob = forge.add_user("bob", scopes=SCOPES)
    forge.add_organisation("Acme", {"ada": "admin", "bob": "member"}, {"builders": ["bob"], "readers": []})
    ada = client(forge, token)
    ada.rest.repos.create_in_org("Acme", name="rover", private=True)
    folder = tmp_path / "rover"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    clone = Clone(folder, forge, f"{forge.url}/Acme/rover.git", token)
    clone.commit("chore: begin")
    assert clone.push("main").returncode == 0
    return Acme(forge, token, ada, client(forge, bob), clone)

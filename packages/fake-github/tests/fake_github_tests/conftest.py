"""Fixtures: a fake GitHub, and an organisation in it."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest
from httpx import create_ssl_context

from fake_github import FakeGitHub
from fake_github.cache import cache_folder
from fake_github_tests.acme import SCOPES, Acme, Clone, client, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CACHE = str(cache_folder())  # of the user: read before the home changes
TAKEN_AWAY = ("GIT_", "GH_", "GITHUB_", "XDG_")


@pytest.fixture(autouse=True, scope="session")
def kept_description() -> Iterator[None]:
    """Keep the user's cache: GitHub's description is downloaded once per machine, not once per test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_GITHUB_CACHE_DIR", CACHE)
        yield


@pytest.fixture(autouse=True, scope="session")
def certificates() -> Iterator[None]:
    """Read the certificates of the machine once: each client would do it, and takes 30 ms for that."""
    read = cache(lambda _file, verify, cert, trust_env: create_ssl_context(verify, cert, trust_env))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "httpx._transports.default.create_ssl_context",
            lambda verify=True, cert=None, trust_env=True: read(
                os.environ.get("SSL_CERT_FILE"), verify, cert, trust_env
            ),
        )
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a git identity and nothing else, so that no test reads the configuration of this machine."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text("[user]\nname = Ada Lovelace\nemail = ada@example.com\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith(TAKEN_AWAY)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    """A server; a test fails if a request or response breaks GitHub's API description."""
    with FakeGitHub.serve(tmp_path / "hub") as hub:
        yield hub
    assert hub.violations == []


@pytest.fixture
def acme(hub: FakeGitHub, tmp_path: Path) -> Acme:
    """The organisation and its repository."""
    token = hub.add_user("ada", scopes=SCOPES, name="Ada Lovelace")
    bob = hub.add_user("bob", scopes=SCOPES)
    hub.add_organisation("Acme", {"ada": "admin", "bob": "member"}, {"builders": ["bob"], "readers": []})
    ada = client(hub, token)
    ada.rest.repos.create_in_org("Acme", name="rover", private=True)
    folder = tmp_path / "rover"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    clone = Clone(folder, hub, f"{hub.url}/Acme/rover.git", token)
    clone.commit("chore: begin")
    assert clone.push("main").returncode == 0
    return Acme(hub, token, ada, client(hub, bob), clone)

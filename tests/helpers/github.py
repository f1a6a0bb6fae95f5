"""GitHub for tests: a fake GitHub, and a user with a token for it.

All tests of a process share one fake GitHub, since loading GitHub's description takes a second. Each test has its own
organisation in it, and a violation of GitHub's description fails the test that caused it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

from fake_github.server import FakeGitHub
from rnd import retry
from rnd.github.client import Client, find_addresses
from rnd.github.push import clone_url, push
from rnd.github.repository import Repository
from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.machine import RND_CACHE
from tests.helpers.memory import quick_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_github.state import Organisation as HubOrganisation
    from fake_github.state import Repository as HubRepository
    from rnd.organisation.github import GitHub

SCOPES = ("repo", "workflow", "read:org")
NUMBERS = count(1)


@dataclass
class Hosting:
    """A fake GitHub with an organisation in it, as a test sees them.

    Attributes:
        hub: The fake GitHub.
        owner: The organisation's name.
        login: A member who may create repositories.
        token: The member's token.
        policy: The `github` part of org.yml, for that organisation.
    """

    hub: FakeGitHub
    owner: str
    login: str
    token: str
    policy: GitHub

    def repository(self, name: str = "demo") -> HubRepository:
        """Return a repository, as the fake GitHub has it."""
        found = self.hub.state.repository(f"{self.owner}/{name}")
        assert found is not None
        return found

    def publish(self, folder: Path, name: str = "demo") -> Repository:
        """Make a repository on the fake GitHub, and push everything that a local one has to it."""
        there = Repository(self.owner, name)
        with self.client as client:
            client.send(lambda kit: kit.rest.repos.create_in_org(self.owner, name=name, private=True))
            git(folder, "remote", "add", "origin", clone_url(client, there))
            push(client, there, folder, ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"))
        return there

    def sign_in_as_owner(self, monkeypatch: pytest.MonkeyPatch) -> HubOrganisation:
        """Sign in as an owner, with a token that shows the plan, and return the organisation."""
        found = self.hub.state.organisation(self.owner)
        assert found is not None
        found.members[self.login] = "admin"
        monkeypatch.setenv("GH_TOKEN", self.hub.add_user(self.login, ("repo", "workflow", "admin:org")))
        return found

    @property
    def client(self) -> Client:
        """GitHub, as the member sees it."""
        return Client(find_addresses(os.environ), self.token)


@pytest.fixture(scope="session")
def whole_hub() -> Iterator[FakeGitHub]:
    """The fake GitHub that all tests of this process share."""
    with pytest.MonkeyPatch.context() as patch, quick_folder("hub") as folder:
        patch.setenv("RND_CACHE_DIR", RND_CACHE)
        with FakeGitHub.serve(folder) as hub:
            hub.device_interval = 0
            yield hub


@pytest.fixture
def hosting(whole_hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosting]:
    """An organisation of one member, with the teams that org.yml names."""
    hub = whole_hub
    hub.violations.clear()
    hub.calls.clear()
    yield join(hub, monkeypatch)
    hub.faults.clear()
    assert hub.violations == []


def join(hub: FakeGitHub, patch: pytest.MonkeyPatch, owner: str | None = None) -> Hosting:
    """Make an organisation on a fake GitHub, and be the one member of it."""
    number = next(NUMBERS)
    policy = load_organisation().github.model_copy(
        update={"owner": owner or f"lab-{number}", "client_id": "Iv1.rehearsal"}
    )
    login = f"ada-{number}"
    token = hub.add_user(login, SCOPES)
    hub.add_organisation(policy.owner, members={login: "member"}, teams={team: [] for team in policy.teams})
    patch.setenv("GITHUB_API_URL", hub.api_url)
    patch.setenv("GITHUB_SERVER_URL", hub.url)
    patch.setenv("GH_TOKEN", token)
    patch.setenv("NO_PROXY", "127.0.0.1")
    patch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    return Hosting(hub, policy.owner, login, token, policy)

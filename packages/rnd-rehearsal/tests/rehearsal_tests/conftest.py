"""Fixtures: a repository on a fake GitHub, and a runner of its workflows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fake_github import FakeGitHub
from rnd_rehearsal.jobs import Settings
from rnd_rehearsal.runner import Runner
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


from rehearsal_tests.workshop import SCOPES, Workshop, need_act


@pytest.fixture
def no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act, and nothing of this machine's own accounts."""
    need_act()
    for variable in [one for one in os.environ if one.startswith(("AWS_", "GITHUB_", "GH_", "UV_PUBLISH_"))]:
        monkeypatch.delenv(variable)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """The repository, empty so far."""
    need_act()
    with FakeGitHub.serve(tmp_path / "hub") as hub:
        token = hub.add_user("ada", scopes=SCOPES)
        hub.add_organisation("Acme", {"ada": "admin"})
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        runner = Runner(hub, tmp_path / "runs", Settings(kept))
        runner.listen()
        folder = tmp_path / "rover"
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        workshop = Workshop(hub, runner, folder, token)
        workshop.ada.ask("POST", "/orgs/Acme/repos", {"name": "rover"})
        try:
            yield workshop
        finally:
            runner.close()
    assert hub.violations == []

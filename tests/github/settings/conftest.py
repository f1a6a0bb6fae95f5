"""A repository whose settings are looked at and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.github.settings.setting import RepositoryContext
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.github import Hosting


@pytest.fixture
def context(hosting: Hosting, tmp_path: Path) -> Iterator[RepositoryContext]:
    """A repository with content and GitHub's default settings."""
    folder = tmp_path / "demo"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: all")
    git(folder, "branch", "elsewhere")
    with hosting.client as client:
        yield RepositoryContext(client, hosting.publish(folder), hosting.policy)

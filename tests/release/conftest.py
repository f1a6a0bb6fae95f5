"""What these tests share: git repositories that are alike, whatever the machine's git configuration says."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "Acme.Demo"
version = "0.4.1"
description = "A demonstration"
readme = "README.md"
requires-python = ">=3.8"

[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "demo"
"""


@pytest.fixture(autouse=True)
def git_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Other")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.com")


@dataclass
class Repository:
    """A git repository in a folder."""

    path: Path

    def git(self, *arguments: str, text: str | bytes | None = None) -> str:
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        completed = subprocess.run(["git", *arguments], cwd=self.path, input=data, capture_output=True, check=True)
        return completed.stdout.decode().strip()

    def commit(self, *messages: str) -> str:
        """Make one commit for each message, without touching a file; return the last one's hash."""
        for message in messages:
            self.git("commit", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", "-", text=message)
        return self.git("rev-parse", "HEAD")

    def release(self, tag: str) -> None:
        self.git("tag", "--annotate", "--message", tag, tag)

    def manifest(self, version: str) -> None:
        """Write a manifest, as `rnd` would find it in the work tree."""
        (self.path / "pyproject.toml").write_text(f'[project]\nname = "demo"\nversion = "{version}"\n')


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository, on the branch `main`."""
    made = Repository(tmp_path / "repository")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def released(repository: Repository) -> Repository:
    """A repository whose release 0.4.1 is its head."""
    repository.commit("feat: everything so far")
    repository.release("0.4.1")
    return repository


@pytest.fixture
def package(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository to stand in, that holds a package, and whose release 0.4.1 is its head."""
    monkeypatch.chdir(repository.path)
    (repository.path / "src" / "demo").mkdir(parents=True)
    (repository.path / "src" / "demo" / "__init__.py").write_text('"""A demonstration."""\n')
    (repository.path / "README.md").write_text("# Demonstration\n")
    (repository.path / "pyproject.toml").write_text(MANIFEST)
    repository.git("add", "--all")
    repository.commit("feat: everything so far")
    repository.release("0.4.1")
    return repository

"""The actions in repositories of the fake GitHub, as a runner downloads them: an archive of a repository at a commit.

act would write every file of the repository before and after each step that calls an action. Here, a commit is
archived once, and act gets links to its files; every action still has a folder, and an environment, of its own.
Whether a job may read the repository is asked for each job, with the job's own token. Touches one folder.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from rnd import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from fake_github import FakeGitHub
    from fake_github.state import Repository


HASH = re.compile(r"[0-9a-f]{40}")
FOLDER = "actions"  # in the folder of a runner


@dataclass
class Downloads:
    """The archives that the jobs of a runner share.

    Attributes:
        folder: Where they are kept.
        fetched: Called with the size of each archive that a job's machine downloads; None where nothing counts them.
    """

    folder: Path
    fetched: Callable[[int], None] | None = None
    _sizes: dict[str, int] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock)

    def find(self, hub: FakeGitHub, actions: Iterable[str], token: str) -> dict[str, Path]:
        """Return the folders that act takes actions from, each by `owner/name@ref`.

        An action is missing if its repository is not on the fake GitHub, if the token may not read it, or if the ref is
        not exactly one branch or tag: act then asks the fake GitHub itself, and fails the job as GitHub does.

        Args:
            hub: The fake GitHub.
            actions: Each as `owner/name/path@ref`.
            token: The token of the job.
        """
        found = {}
        for name in {_repository(action) for action in actions}:
            repository, _, ref = name.partition("@")
            hosted = hub.state.repository(repository)
            commit = None if hosted is None else _commit(hub, hosted, ref, token)
            if hosted is not None and commit is not None:
                found[name] = self._links(hosted.folder, commit)
                if self.fetched is not None:
                    self.fetched(self._size(hosted.folder, commit))
        return found

    def _size(self, repository: Path, commit: str) -> int:
        """Return the size of the archive that GitHub gives a runner, which is compressed."""
        with self._lock:
            if commit not in self._sizes:
                archive = self.folder / f"{commit}.tar.gz"
                bare.run(repository, "archive", "--output", str(archive), commit)
                self._sizes[commit] = archive.stat().st_size
                archive.unlink()
            return self._sizes[commit]

    def _links(self, repository: Path, commit: str) -> Path:
        """Return a folder of links to the files of a commit, made now if this is the first job that needs it."""
        place = self.folder / repository.name / commit
        with self._lock:
            if not place.exists():
                files = self.folder / f"{repository.name}-{commit}"
                files.mkdir(parents=True)
                archive = files.with_suffix(".tar")
                bare.run(repository, "archive", "--output", str(archive), commit)
                process.run("tar", "--extract", "--file", str(archive), "--directory", str(files))
                archive.unlink()
                _link(files, place)
        return place


def _link(files: Path, place: Path) -> None:
    """Fill a folder with links, under folders of its own down to each action, as `..` leads from there to the rest."""
    place.mkdir(parents=True)
    for entry in files.iterdir():
        if entry.is_dir() and not entry.is_symlink() and any(entry.rglob("action.y*ml")):
            _link(entry, place / entry.name)
        elif entry.match("action.y*ml"):  # act follows no absolute link to it
            shutil.copy2(entry, place)
        else:
            (place / entry.name).symlink_to(entry)


def _repository(action: str) -> str:
    """Return `owner/name@ref` of an action."""
    path, _, ref = action.partition("@")
    return "/".join(path.split("/")[:2]) + f"@{ref}"


def _commit(hub: FakeGitHub, hosted: Repository, ref: str, token: str) -> str | None:
    """Return the commit that a branch, a tag or a full hash names, as somebody with a token sees it."""
    key = f"http.{hub.url}/.extraheader"
    signed = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}"}
    names = (f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}")
    address = f"{hub.url}/{hosted.full_name}.git"
    asked = process.attempt("git", "ls-remote", address, *names, extra={**bare.QUIET, **signed})
    lines = (line.split("\t") for line in asked.stdout.splitlines())
    listed = {name: sha for sha, name in lines}
    branch, tag = listed.get(names[0]), listed.get(names[2], listed.get(names[1]))
    if asked.returncode != 0 or None not in {branch, tag}:
        return None
    return branch or tag or (bare.resolve(hosted.folder, ref) if HASH.fullmatch(ref) else None)

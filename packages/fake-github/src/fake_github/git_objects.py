"""Refs and objects of bare repositories, read without starting git where possible. Touches the repositories.

A query over a thousand repositories reads thousands of objects; a process for each would take most of the time. Loose
objects are read directly, and anything else is left to git.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fake_github import git_loose, process
from fake_github import git_repository as bare
from fake_github.git_loose import GitObject, headers
from fake_github.git_refs import SHA

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

KEPT = 50_000  # objects; a thousand repositories have about four each
LARGEST = 100_000  # bytes of an object that is kept


@dataclass(frozen=True)
class Entry:
    """An entry of a tree."""

    mode: int
    name: bytes
    sha: str

    @property
    def kind(self) -> str:
        """What the entry is, as git names it."""
        return {0o040000: "tree", 0o160000: "commit"}.get(self.mode, "blob")


_known: ContextVar[dict[Path, dict[str, str]] | None] = ContextVar("_known", default=None)
_merges: dict[tuple[str, str], bool] = {}  # by the ids of two commits
_kept: dict[str, GitObject] = {}  # by id, which is the digest of the content: valid in every repository


@contextmanager
def unchanged() -> Generator[None]:
    """Read the refs of each repository once; the caller makes sure that nothing changes them."""
    previous = _known.set({})
    try:
        yield
    finally:
        _known.reset(previous)


def refs(folder: Path) -> dict[str, str]:
    """Return every branch and tag with the id of what it names, in the order of the alphabet."""
    known = _known.get()
    if known is None:
        return bare.refs(folder)
    if folder not in known:
        known[folder] = bare.refs(folder)
    return known[folder]


def read(folder: Path, sha: str) -> GitObject | None:
    """Return an object that a ref or another object of the repository names; None if it is not there."""
    found = _kept.get(sha)
    if found is None:
        found = git_loose.read(folder, sha) or _ask_git(folder, sha)
        if found is not None:
            keep(sha, found)
    return found


def keep(sha: str, one: GitObject) -> None:
    """Keep an object in memory, unless it is large."""
    if len(one.content) <= LARGEST:
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[sha] = one


def _ask_git(folder: Path, sha: str) -> GitObject | None:
    completed = subprocess.run(
        ("git", "cat-file", "--batch"),
        cwd=folder,
        env=process.environment(bare.QUIET),
        input=f"{sha}\n".encode(),
        capture_output=True,
        check=False,
    )
    head, _, content = completed.stdout.partition(b"\n")
    words = head.decode().split()
    return GitObject(words[1], content[: int(words[2])]) if len(words) == len(("sha", "kind", "size")) else None


@lru_cache(maxsize=4096)
def entries(content: bytes) -> tuple[Entry, ...]:
    """Return the entries of a tree, given by its content."""
    found, start = [], 0
    while start < len(content):
        space, end = content.index(b" ", start), content.index(b"\0", start)
        sha = content[end + 1 : end + 1 + SHA // 2].hex()
        found.append(Entry(int(content[start:space], 8), content[space + 1 : end], sha))
        start = end + 1 + SHA // 2
    return tuple(found)


def resolve(folder: Path, revision: str, default: str) -> str | None:
    """Return the id that a revision names: a branch, a tag, `HEAD`, a ref, or an object's id.

    Args:
        folder: The repository.
        revision: As git takes it, before the colon of a path.
        default: The default branch.
    """
    known = refs(folder)
    name = f"refs/heads/{default}" if revision == "HEAD" else revision
    for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
        if candidate in known:
            return known[candidate]
    if revision == "HEAD" or not re.match(r"[0-9a-f]{4,40}$|[^-].*[\^~@]", revision):
        return None  # neither an id nor an expression over a name
    return bare.attempt(folder, "rev-parse", "--quiet", "--verify", f"{revision}^{{object}}")


def at_path(folder: Path, sha: str, path: str) -> tuple[str, int] | None:
    """Return the id and the mode of what a commit, tag or tree has at a path; the whole tree for an empty path."""
    found = read(folder, sha)
    while found is not None and found.kind in {"commit", "tag"}:
        sha = headers(found.content)[0]["tree" if found.kind == "commit" else "object"][0]
        found = read(folder, sha)
    mode = 0o040000
    for part in filter(None, path.encode(errors="surrogateescape").split(b"/")):
        if found is None or found.kind != "tree":
            return None
        entry = next((one for one in entries(found.content) if one.name == part), None)
        if entry is None:
            return None
        sha, mode = entry.sha, entry.mode
        found = read(folder, sha) if entry.kind != "commit" else None
    return sha, mode


def merges(folder: Path, base: str, head: str) -> bool:
    """Return whether two commits merge without a conflict; what the ids name never changes."""
    if (base, head) not in _merges:
        commit = read(folder, head)
        ahead = commit is not None and base in headers(commit.content)[0].get("parent", [])
        _merges[base, head] = ahead or bare.mergeable(folder, base, head) is not None
    return _merges[base, head]

"""Loose objects of bare repositories, read and written without git. Touches the repositories.

A push of a few objects leaves them loose, so most questions about a test's repository need no process:
https://git-scm.com/docs/gitrepository-layout, https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAST = 1  # level of compression
FAR = 100  # commits that are read before git is asked


@dataclass(frozen=True)
class GitObject:
    """An object: its kind ("blob", "tree", "commit" or "tag") and its content."""

    kind: str
    content: bytes

    @property
    def whole(self) -> bytes:
        """What git stores, before it is compressed."""
        return f"{self.kind} {len(self.content)}\0".encode() + self.content

    @property
    def sha(self) -> str:
        """The id."""
        return sha1(self.whole, usedforsecurity=False).hexdigest()


def read(folder: Path, sha: str) -> GitObject | None:
    """Return an object of a repository, or of its alternates, that is loose; None for any other."""
    store = f"{folder}/objects"
    for place in (store, *_alternates(store)):
        try:
            packed = Path(f"{place}/{sha[:2]}/{sha[2:]}").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        head, _, content = zlib.decompress(packed).partition(b"\0")
        return GitObject(head.split()[0].decode(), content)
    return None


def _alternates(store: str) -> list[str]:
    try:
        return Path(f"{store}/info/alternates").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def write(folder: Path, one: GitObject) -> str:
    """Write an object into a repository, and return its id."""
    sha = one.sha
    place = Path(f"{folder}/objects/{sha[:2]}/{sha[2:]}")
    place.parent.mkdir(exist_ok=True)
    new = place.with_name(f"tmp_obj_{os.getpid()}_{sha[2:]}")
    new.write_bytes(zlib.compress(one.whole, FAST))
    new.replace(place)
    return sha


def commit(tree: str, parents: Iterable[str], people: Mapping[str, str], seconds: int, message: str) -> GitObject:
    """Return a commit.

    Args:
        tree: Its id.
        parents: Their ids.
        people: The author and the committer, as git writes them.
        seconds: When it was made, since 1970, in UTC.
        message: Without a line feed at its end.
    """
    lines = [f"tree {tree}", *(f"parent {sha}" for sha in parents)]
    lines += [f"{role} {who} {seconds} +0000" for role, who in people.items()]
    text = "\n".join([*lines, "", message, ""])
    return GitObject("commit", text.encode(errors="surrogateescape"))


@lru_cache(maxsize=4096)
def headers(content: bytes) -> tuple[dict[str, list[str]], str]:
    """Return the headers of a commit or an annotated tag, and its message."""
    head, _, message = content.decode(errors="replace").partition("\n\n")
    found: dict[str, list[str]] = {}
    for line in head.splitlines():
        if not line.startswith(" "):  # the continuation of a signature
            name, _, value = line.partition(" ")
            found.setdefault(name, []).append(value)
    return found, message


def is_ancestor(folder: Path, older: str, newer: str) -> bool | None:
    """Return whether a commit is another one or an ancestor of it; None if that takes more than some loose commits."""
    if (folder / "shallow").exists():
        return None
    waiting, seen = [newer], {newer}
    while waiting:
        sha = waiting.pop()
        one = read(folder, sha) if len(seen) <= FAR else None
        if one is None or one.kind != "commit":
            return None
        if sha == older:
            return True
        parents = set(headers(one.content)[0].get("parent", [])) - seen
        waiting += parents
        seen |= parents
    return False

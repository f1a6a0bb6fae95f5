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

FAST = 1  # level of compression
FAR = 100  # commits that are read before git is asked


@dataclass(frozen=True)
class GitObject:
    """An object: its kind ("blob", "tree", "commit" or "tag") and its content."""

    kind: str
    content: bytes


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
    whole = f"{one.kind} {len(one.content)}\0".encode() + one.content
    sha = sha1(whole, usedforsecurity=False).hexdigest()
    place = Path(f"{folder}/objects/{sha[:2]}/{sha[2:]}")
    place.parent.mkdir(exist_ok=True)
    new = place.with_name(f"tmp_obj_{os.getpid()}_{sha[2:]}")
    new.write_bytes(zlib.compress(whole, FAST))
    new.replace(place)
    return sha


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

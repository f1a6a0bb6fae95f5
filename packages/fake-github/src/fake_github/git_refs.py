"""The refs of bare repositories, read from their files, without starting git. Touches the repositories.

The fake reads all refs several times for a push or a pull request; a process for each would take most of the time. Git
writes refs in this form unless its configuration names another one: https://git-scm.com/docs/gitrepository-layout,
https://git-scm.com/docs/git-pack-refs
"""

from __future__ import annotations

import os
from pathlib import Path

SHA = 40  # characters
BRANCHES_AND_TAGS = ("refs/heads", "refs/tags")


def read(folder: Path, *below: str) -> dict[str, str]:
    """Return the refs of a repository with the id of what each names, in the order of the alphabet.

    Args:
        folder: The repository.
        below: Beginnings of their names, such as `refs/heads`; by default all refs.
    """
    places = below or ("refs",)
    found = {}
    for line in _text(f"{folder}/packed-refs").splitlines():
        sha, _, name = line.partition(" ")
        if len(sha) == SHA and name.startswith(tuple(f"{place}/" for place in places)):
            found[name] = sha
    for place in places:
        _walk(f"{folder}/{place}", place, found)
    return dict(sorted(found.items()))


def find(folder: Path, name: str) -> str | None:
    """Return the id of what a ref, given by its whole name, names; None if there is no such ref."""
    sha = _text(f"{folder}/{name}").strip()
    return sha if len(sha) == SHA else read(folder, name.rpartition("/")[0]).get(name)


def write(folder: Path, name: str, sha: str) -> None:
    """Let a ref, given by its whole name, name an object; for refs that only the fake itself writes."""
    place = Path(f"{folder}/{name}")
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f"{place.name}.lock")
    new.write_text(f"{sha}\n", encoding="ascii")
    new.replace(place)


def _walk(folder: str, name: str, found: dict[str, str]) -> None:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir():
            _walk(entry.path, f"{name}/{entry.name}", found)
        elif not entry.name.endswith(".lock"):
            sha = _text(entry.path).strip()
            if len(sha) == SHA:
                found[f"{name}/{entry.name}"] = sha


def _text(path: str) -> str:
    """Return the text of a file; empty if git has removed it."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""

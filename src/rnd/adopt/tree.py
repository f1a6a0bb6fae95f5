"""The files of one commit, read through git. No program of the repository runs, and the work tree is not read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnd import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST = 2_000_000  # bytes of a file that is read; manifests are shorter
LINK, SUBMODULE = "120000", "160000"  # modes of git


@dataclass(frozen=True)
class Entry:
    """A file of a commit: its mode in git, its object and its size in bytes."""

    mode: str
    oid: str
    size: int


@dataclass(frozen=True)
class Tree:
    """The files of a commit by path, and a function that reads one; its result is kept."""

    files: dict[str, Entry]
    read: Callable[[str], str | None]
    _texts: dict[str, str | None] = field(default_factory=dict, compare=False)

    def text(self, path: str) -> str | None:
        """Return the text of a file, or None if it is missing, a link, or too long for a manifest."""
        entry = self.files.get(path)
        if entry is None or entry.mode in {LINK, SUBMODULE} or entry.size > LONGEST:
            return None
        if path not in self._texts:
            self._texts[path] = self.read(path)
        return self._texts[path]

    def matching(self, pattern: str) -> Iterator[str]:
        """Yield the paths that a regular expression matches as a whole."""
        form = re.compile(pattern)
        return (path for path in self.files if form.fullmatch(path))

    def folders(self, where: str) -> list[str]:
        """Return the names of the folders directly below one, which is empty for the root."""
        prefix = f"{where}/" if where else ""
        below = (path[len(prefix) :] for path in self.files if path.startswith(prefix))
        return sorted({path.partition("/")[0] for path in below if "/" in path})


def read_tree(folder: Path, commit: str) -> Tree:
    """Return the files of a commit; file names that are not UTF-8 have replacement characters.

    Args:
        folder: The root of a repository.
        commit: The full hash of the commit.
    """
    listed = git.output(str(folder), "ls-tree", "-r", "-z", "-l", "--full-tree", commit) or ""
    files: dict[str, Entry] = {}
    for line in filter(None, listed.split("\0")):
        facts, _, path = line.partition("\t")
        mode, _, oid, size = facts.split()
        files[path] = Entry(mode, oid, 0 if size == "-" else int(size))
    return Tree(files, lambda path: git.output(str(folder), "cat-file", "blob", files[path].oid))


def tree_of(texts: dict[str, str]) -> Tree:
    """Return a tree of texts in memory."""
    files = {path: Entry("100644", "", len(text.encode())) for path, text in texts.items()}
    return Tree(files, texts.get)

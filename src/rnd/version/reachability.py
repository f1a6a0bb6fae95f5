"""Which commits are in the past of another one: exact, whatever the clocks of the commits say. Reads, changes nothing.

Git answers this for one commit at a time (`git merge-base --is-ancestor`), or for many with a shortcut that trusts the
commit dates (`git tag --merged`, `git log A..B`): a wrong clock can hide a commit. Here one walk answers for all.

The walk reads commits newest first by date, but the date only decides how soon it ends. It starts at the base and at
every candidate. Each commit gets the marks of its children: whether the base reaches it, and which candidates do. It
ends when every commit that the base reaches, and that is still to be read, is in the past of every open candidate:
from there on, a candidate could only be reached from its own past. The commits that are read are about those that the
base and the candidates do not share. No proof needs less without a commit-graph file, which git uses where it exists.
"""

from __future__ import annotations

from rnd import git

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BASE = 1  # the mark of a commit that the base reaches
WALK = ("rev-list", "--parents", "--stdin")


def among_ancestors(folder: str, base: str, candidates: Iterable[str]) -> set[str]:
    """Return the candidates that are in the past of a commit, that commit included.

    Args:
        folder: A folder in the repository.
        base: The full hash of a commit.
        candidates: Full hashes; what is not a commit is in nobody's past.

    Raises:
        CommandFailed: Git cannot read the history.
    """
    marks = {name: 2 << number for number, name in enumerate(dict.fromkeys(candidates))}
    if not marks:
        return set()
    walk = Walk(base, marks)
    pieces = git.stream(folder, *WALK, given="\n".join((base, *marks)))
    try:
        for line in lines(pieces):
            commit, *parents = line.split(" ")
            if walk.read(commit, parents):
                break
    finally:
        pieces.close()
    return walk.found


class Walk:
    """The marks of the commits that were met so far.

    Attributes:
        found: The candidates that the base reaches.
    """

    def __init__(self, base: str, marks: dict[str, int]) -> None:
        """Start at a base and at candidates with one bit each."""
        self.found: set[str] = set()
        self._candidates = marks
        self._open = sum(marks.values())
        self._marks = dict(marks)
        self._marks[base] = self._marks.get(base, 0) | BASE
        self._parents: dict[str, list[str]] = {}
        self._deciding = {base}  # not read yet; the base reaches it, and an open candidate does not
        if base in marks:
            self._find(base)

    def read(self, commit: str, parents: list[str]) -> bool:
        """Take note of a commit and its parents, and return whether every candidate is decided."""
        self._parents[commit] = parents
        self._deciding.discard(commit)
        mark = self._marks[commit]
        for parent in parents:
            if parent in self._marks:
                self._pass(parent, mark)
            else:
                self._marks[parent] = mark
                if mark & BASE:
                    self._decide(parent)
        return not self._deciding or not self._open

    def _pass(self, commit: str, mark: int) -> None:
        """Give a commit the marks of a child, and its own past too where that was read already: a clock is wrong."""
        waiting = [(commit, mark)]
        while waiting:
            commit, mark = waiting.pop()
            before = self._marks.get(commit, 0)
            after = before | mark
            if after == before:
                continue
            self._marks[commit] = after
            if after & BASE and commit in self._candidates:
                self._find(commit)
            if commit in self._parents:
                waiting += [(parent, after) for parent in self._parents[commit]]
            elif after & BASE:
                self._decide(commit)

    def _decide(self, commit: str) -> None:
        if self._marks[commit] & self._open != self._open:
            self._deciding.add(commit)
        else:
            self._deciding.discard(commit)

    def _find(self, candidate: str) -> None:
        self.found.add(candidate)
        self._open &= ~self._candidates[candidate]
        for commit in tuple(self._deciding):
            self._decide(commit)


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Split what git prints in pieces of any length into lines, without their ends."""
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece.decode("ascii")).split("\n")
        yield from whole

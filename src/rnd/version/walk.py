"""Which commits are in the past of another one: by the dates of commits while these agree, otherwise exact.

Git lists the past of a commit by date, newest first. What it has not listed yet is older, if the clocks were right. So
a release of another branch that is newer than the last listed commit is not in the past, and the list can end there. A
proof without dates reads the other branch too, down to the fork, which can be 50,000 commits away.

The rule allows a day: no commit is dated more than a day after one of its descendants. Git's own lists trust dates too
(`limit_list` in revision.c, https://github.com/git/git/blob/v2.39.5/revision.c). In every history that meets the rule
the answer is exact. In others it is exact where one of these shows that a clock was wrong, since `reachability` then
answers, which trusts no date:

- a listed commit is dated more than a day after one that is listed before it;
- a candidate is dated more than a day in the future.

What remains is a candidate that is missed: more than `AT_LEAST` commits down the list, its clock was ahead by more than
the time from there to the end of the list, and no listed date shows it.
"""

from __future__ import annotations

import time
from itertools import islice

from rnd import git
from rnd.version.reachability import among_ancestors, lines

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping
    from typing import Any

DAY = 86_400  # seconds
# Git need not look whether a branch has the name of a tag that is given in full.
DATES = ("-c", "core.warnAmbiguousRefs=false", "rev-list", "--no-walk=unsorted", "--timestamp", "--stdin")
AT_LEAST = 500  # commits that are listed after the nearest release, so that a wrong clock near it shows
ROOM = 1 << 20  # bytes: 20,000 commits, so that git does not wait while the caller waits for other answers
BATCH = 100  # commits that are read before it is asked whether that is enough


class DatedWalk:
    """The past of a commit, newest first. Git lists it while the caller does other work; `with` stops git."""

    def __init__(self, folder: str, start: str) -> None:
        """Start git.

        Args:
            folder: A folder in the repository.
            start: The commit: its full hash, or a tag in full, such as `refs/tags/1.0.0`.
        """
        self._folder = folder
        self._pieces = git.stream(folder, "rev-list", "--timestamp", start, "--", room=ROOM)
        self._lines = lines(self._pieces)
        self._listed: list[str] = []
        self._oldest = 1 << 63  # the lowest date that was listed
        self._agree = True  # no listed date shows a wrong clock

    def __enter__(self) -> DatedWalk:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop git."""
        self._pieces.close()

    def nearest(self, commits: Collection[str]) -> str | None:
        """Return the first commit on the list that is among some, or None if none is.

        Raises:
            CommandFailed: Git cannot read the history.
        """
        while batch := self._read():
            for commit in batch:
                if commit in commits:
                    return commit
        return None

    def reached(self, candidates: Mapping[str, int], rank: Callable[[str], Any] | None = None) -> set[str]:
        """Return the commits among some that are in the past, the commit that the walk starts at included.

        Args:
            candidates: The commits and their dates, as `dates_of` returns them.
            rank: Returns what candidates are compared by, if only the highest one in the past matters: lower ones can
                be missing in the result then.

        Raises:
            CommandFailed: Git cannot read the history.
        """
        if max(candidates.values(), default=0) > time.time() + DAY:
            return self._proven(candidates)
        enough = len(self._listed) + AT_LEAST
        found: set[str] = set()
        left, oldest = dict(candidates), min(candidates.values(), default=0)
        batch = self._listed
        while self._agree:
            if new := left.keys() & batch:
                found |= new
                left = _left(left, found, rank)
                oldest = min(left.values(), default=0)
            if not left or (len(self._listed) >= enough and oldest > self._oldest + DAY):
                return found
            batch = self._read()
            if not batch:
                return found  # the whole past was listed, which proves it
        return self._proven(candidates)

    def _read(self) -> list[str]:
        """Read the next commits on the list, and return them; none at its end."""
        entries = [line.split(" ") for line in islice(self._lines, BATCH)]
        oldest = self._oldest
        for date, _ in entries:
            dated = int(date)
            if dated < oldest:
                oldest = dated
            elif dated > oldest + DAY:
                self._agree = False
        self._oldest = oldest
        batch = [commit for _, commit in entries]
        self._listed += batch
        return batch

    def _proven(self, candidates: Collection[str]) -> set[str]:
        start = self._listed[0] if self._listed else self._read()[0]
        return among_ancestors(self._folder, start, candidates)


def _left(candidates: Mapping[str, int], found: Collection[str], rank: Callable[[str], Any] | None) -> dict[str, int]:
    """Return the candidates that are not found and still matter, with their dates; at least one is found."""
    if rank is None:
        return {commit: date for commit, date in candidates.items() if commit not in found}
    highest = max(map(rank, found))
    return {commit: date for commit, date in candidates.items() if rank(commit) > highest}


def dates_of(folder: str, revisions: Collection[str]) -> dict[str, int]:
    """Return the commits that some revisions name, with their dates in seconds since 1970.

    Args:
        folder: A folder in the repository.
        revisions: Full hashes, or tags in full, such as `refs/tags/1.0.0`; what is not a commit is left out.

    Raises:
        CommandFailed: One of them does not exist.
    """
    return read_dates(ask_dates(folder, revisions)) if revisions else {}


def ask_dates(folder: str, revisions: Collection[str]) -> Generator[bytes]:
    """Start git for `read_dates`; the arguments are those of `dates_of`, with at least one revision."""
    return git.stream(folder, *DATES, given="\n".join(revisions))


def read_dates(asked: Generator[bytes]) -> dict[str, int]:
    """Return what `dates_of` does, from what `ask_dates` returned."""
    listed = (line.partition(" ") for line in lines(asked))
    return {commit: int(date) for date, _, commit in listed}

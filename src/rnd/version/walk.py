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

from rnd import git
from rnd.version.reachability import among_ancestors, lines

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping
    from typing import Any

DAY = 86_400  # seconds
# Git need not look whether a branch has the name of a tag that is given in full.
DATES = ("-c", "core.warnAmbiguousRefs=false", "rev-list", "--no-walk=unsorted", "--timestamp", "--stdin")
AT_LEAST = 500  # commits that are listed after the nearest release, so that a wrong clock near it shows


class DatedWalk:
    """The past of a commit, newest first. Git lists it while the caller does other work; `with` stops git."""

    def __init__(self, folder: str, start: str) -> None:
        """Start git.

        Args:
            folder: A folder in the repository.
            start: The commit: its full hash, or a tag in full, such as `refs/tags/1.0.0`.
        """
        self._folder = folder
        self._pieces = git.stream(folder, "rev-list", "--timestamp", start, "--")
        self._start = ""  # the first commit on the list
        self._oldest = float("inf")  # the lowest date that was listed
        self._agree = True  # no listed date shows a wrong clock
        self._listed = self._list()

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
        return next((commit for commit in self._listed if commit in commits), None)

    def reached(self, candidates: Mapping[str, int], rank: Callable[[str], Any] | None = None) -> set[str]:
        """Return the commits among some that are in the past, the commit that the walk starts at included.

        Args:
            candidates: The commits and their dates, as `dates_of` returns them; none of them is listed yet.
            rank: Returns what candidates are compared by, if only the highest one in the past matters: lower ones can
                be missing in the result then.

        Raises:
            CommandFailed: Git cannot read the history.
        """
        if max(candidates.values(), default=0) > time.time() + DAY:
            return self._proven(candidates)
        found: set[str] = set()
        left, listed = dict(candidates), 0
        oldest = min(left.values(), default=0)
        while left and self._agree and (listed < AT_LEAST or oldest <= self._oldest + DAY):
            commit = next(self._listed, None)
            if commit is None:
                return found  # the whole past was listed, which proves it
            listed += 1
            if commit in left:
                found.add(commit)
                del left[commit]
                if rank is not None:
                    left = {other: date for other, date in left.items() if rank(other) > rank(commit)}
                oldest = min(left.values(), default=0)
        return found if self._agree else self._proven(candidates)

    def _list(self) -> Iterator[str]:
        for line in lines(self._pieces):
            date, _, commit = line.partition(" ")
            self._start = self._start or commit
            if int(date) > self._oldest + DAY:
                self._agree = False
            self._oldest = min(self._oldest, int(date))
            yield commit

    def _proven(self, candidates: Collection[str]) -> set[str]:
        start = self._start or next(self._listed)
        return among_ancestors(self._folder, start, candidates)


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

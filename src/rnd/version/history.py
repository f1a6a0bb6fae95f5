"""What the repository holds: its release tags, and the commits since the last release. Reads, changes nothing.

Two git processes answer, however long the history is, and only the commits since the last release are read. Two more
are needed where the highest release is not in the head's past, as on a maintenance branch; they run at the same time as
the second one. `walk` says how far the dates of commits are trusted there. The commits since a release are exact,
whatever their dates.
"""

from __future__ import annotations

from rnd import git
from rnd.errors import CommandFailed, UsageError
from rnd.version import refs
from rnd.version.next_version import Commit
from rnd.version.tags import highest, parse_release, preference, releases, unrecognised_above

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from typing import TypedDict

    from rnd.version.tags import Release
else:
    TypedDict = dict

# %B never holds the NUL that -z puts between commits. Every option that a user's configuration could change is given.
LOG = ("log", "-z", "--encoding=UTF-8", "--no-show-signature", "--format=%m%H %P%n%B")
SHOW_TAGS = ("show-ref", "--dereference", "--tags")


class History(TypedDict):
    """What there is to derive a version from.

    Attributes:
        head: The full hash of the commit at the head; None on a branch without any.
        tags: The names of all tags, including those that the head does not hold and those that are not releases.
        release: The tag of the highest release in the head's past, the head itself included; None without any.
        commits: Those that the head holds and that release does not, newest first; none without a release.
        unrecognised: Tags in the head's past that resemble a release above that one, highest first.
    """

    head: str | None
    tags: frozenset[str]
    release: str | None
    commits: list[Commit]
    unrecognised: list[str]


def read(folder: str, without: str = "", at: str = "HEAD", asked: Generator[bytes] | None = None) -> History:
    """Read the history of the repository that a folder lies in.

    Args:
        folder: A folder in the repository.
        without: A tag that is passed over, as if it were not there yet.
        at: The commit that counts as the head.
        asked: What `refs.ask` returned, if git was started already.

    Raises:
        NotARepository: The folder lies in none, or git refuses to read it.
        ShallowHistory: The clone is shallow.
        CommandFailed: The repository is damaged.
    """
    found = refs.read(folder, at, asked)
    head, tags = found["head"], {tag: place for tag, place in found["tags"].items() if tag != without}
    if head is None:
        return History(head=head, tags=frozenset(tags), release=None, commits=[], unrecognised=[])
    try:
        release, commits = _as_written(folder, tags, at) or _search(folder, head, tags)
        unrecognised = unrecognised_above(parse_release(release) if release else None, tags)
        unrecognised = in_the_past(folder, head, unrecognised)
    except CommandFailed as failed:
        raise refs.damaged(failed) from failed
    return History(head=head, tags=frozenset(tags), release=release, commits=commits, unrecognised=unrecognised)


def in_the_past(folder: str, head: str, tags: list[str]) -> list[str]:
    """Return the tags among some that are in the past of a commit, in the same order.

    Args:
        folder: A folder in the repository.
        head: The full hash of the commit.
        tags: The names of tags.
    """
    if not tags:
        return []
    from rnd.version.walk import DatedWalk, dates_of

    with DatedWalk(folder, head) as walk:
        past = walk.reached(dates_of(folder, [f"refs/tags/{tag}" for tag in tags]))
    places = _places(folder) if past else {}
    return [tag for tag in tags if places.get(tag) in past]


def read_since(folder: str, base: str) -> list[Commit] | None:
    """Return the commits that the head holds and a commit in its past does not, newest first.

    Returns:
        None where the base does not exist or is not in the head's past.
    """
    return _commits_since(folder, f"{base}^{{commit}}", "HEAD")


def read_branch(folder: str, base: str) -> list[Commit]:
    """Return the commits of a branch that its base does not hold, newest first.

    Args:
        folder: A folder in the repository, with the branch checked out.
        base: The branch to be merged into, in full, since a tag may have its name: `refs/remotes/origin/main`.

    Raises:
        NotARepository: The folder lies in none, or git refuses to read it.
        ShallowHistory: The clone is shallow.
        UsageError: There is no such base.
    """
    refs.read(folder)
    commit = git.output(folder, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    said = git.output(folder, *LOG, f"{commit.strip()}..HEAD", "--") if commit else None
    if said is None:
        raise UsageError(
            f"git cannot tell HEAD from {base.removeprefix('refs/remotes/')!r}.",
            "Name the branch that it is to be merged into, with `--base`.",
        )
    return _without_past(folder, base, _commits(said), said)


def _commits_since(folder: str, base: str, at: str) -> list[Commit] | None:
    """Return the commits of one revision that another does not hold, or None if the other is not in its past."""
    said = git.output(folder, *LOG, "--left-right", f"{base}...{at}", "--")
    if said is None or said.startswith("<") or "\0<" in said:  # None: nothing there, or not a commit
        return None
    commits = _commits(said)
    if all(commit["parents"] == 1 for commit in commits):
        return commits  # one row that ends at the base: git cannot have missed that
    return _without_past(folder, base, commits, said)


def _without_past(folder: str, base: str, commits: list[Commit], said: str) -> list[Commit]:
    """Return the listed commits without those that are in the past of the base.

    Git trusts the dates of commits to end a list early, so that a wrong clock can leave some of them in it. They would
    come with all their past, so that testing the lowest ones is enough.

    Args:
        folder: A folder in the repository.
        base: A revision that is not in the list.
        commits: The list.
        said: The same, as `LOG` prints it.
    """
    heads = [entry.partition("\n")[0][1:].split() for entry in said.split("\0") if entry]
    parents = {commit: before for commit, *before in heads}
    lowest = [commit for commit, before in parents.items() if not before or not parents.keys() >= set(before)]
    from rnd.version.reachability import among_ancestors  # only histories with merges need it

    place = (git.output(folder, "rev-parse", "--verify", f"{base}^{{commit}}") or "").strip()
    if not among_ancestors(folder, place, lowest):
        return commits
    past = among_ancestors(folder, place, parents)
    return [commit for commit in commits if commit["id"] not in past]


def is_above_manifest(folder: str, release: str) -> bool:
    """Return whether a release is above the version in `pyproject.toml`, and so probably on another branch.

    A version that is not written on a line of its own is not found.
    """
    written = _manifest_version(folder)
    return written is not None and (parse_release(release) or written) > written


def _manifest_version(folder: str) -> Release | None:
    try:
        # pathlib would cost every start 4 ms.
        with open(f"{folder}/pyproject.toml", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
            found = next((line.split('"') for line in stream if line.startswith("version")), [])
    except OSError:
        return None
    return parse_release(found[1].partition(".dev")[0]) if len(found) > 1 else None


def _as_written(folder: str, tags: dict[str, str], at: str) -> tuple[str, list[Commit]] | None:
    """Return the release that the version in `pyproject.toml` leads to, and the commits since, or None.

    It is the highest one up to that version. That is not the answer, which can be anywhere, unless it is in the past
    and no higher one is: mostly there is none, or those are on other branches.
    """
    written = _manifest_version(folder)
    if written is None:
        return None
    found = releases(tags)
    last = highest([entry for entry in found if entry[0] <= written])
    if last is None:
        return None
    release, tag = last
    place = f"refs/tags/{tag}"
    above = [tags[other] for version, other in found if version > release]
    if not above:
        commits = _commits_since(folder, place, at)
        return None if commits is None else (tag, commits)
    from rnd.version.walk import DatedWalk, ask_dates, read_dates

    with DatedWalk(folder, place) as walk:
        asked = ask_dates(folder, above)
        commits = _commits_since(folder, place, at)  # three git processes run now
        if commits is None:
            return None
        dates = read_dates(asked)
        passed = any(commit["id"] in dates for commit in commits) or walk.reached(dates, rank=lambda _: 0)
    return None if passed else (tag, commits)


def _search(folder: str, head: str, tags: Collection[str]) -> tuple[str | None, list[Commit]]:
    """Return the highest release tag in the past of the head, and the commits since.

    From the nearest one, only the tags above it remain to be tested: mostly those of other branches.
    """
    from rnd.version.walk import DatedWalk, dates_of

    if not releases(tags):
        return None, []
    with DatedWalk(folder, head) as walk:
        places = _places(folder)
        found = [(release, tag) for release, tag in releases(tags) if tag in places]
        commit = walk.nearest({places[tag] for _, tag in found})
        if commit is None:
            return None, []
        ranks: dict[str, tuple[Release, bool, str]] = {}
        for entry in found:
            place = places[entry[1]]
            ranks[place] = max(preference(entry), ranks.get(place, ((-1, 0, 0), False, "")))
        above = [place for place, rank in ranks.items() if rank > ranks[commit]]
        reached = walk.reached(dates_of(folder, above), ranks.__getitem__)
    _, _, tag = max(ranks[place] for place in (commit, *reached))
    return tag, _commits_since(folder, f"refs/tags/{tag}", head) or []


def _places(folder: str) -> dict[str, str]:
    """Return the full hash of what each tag names, behind any number of annotated tags; there is at least one tag."""
    said = git.output(folder, *SHOW_TAGS)
    if said is None:
        said = git.run(folder, *SHOW_TAGS)  # fails again, and reports why
    places = {}
    for line in said.splitlines():
        place, _, name = line.partition(" refs/tags/")
        places[name.removesuffix("^{}")] = place  # of an annotated tag, its own hash comes first
    return places


def _commits(said: str) -> list[Commit]:
    return [_commit(entry) for entry in said.split("\0") if entry]


def _commit(entry: str) -> Commit:
    head, _, message = entry.partition("\n")
    commit, *parents = head[1:].split()
    return Commit(id=commit, parents=len(parents), message=message)

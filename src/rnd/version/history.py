"""What the repository holds: its release tags, and the commits since the last release. Reads, changes nothing.

Two git processes answer, however long the history is, and only the commits since the last release are read. More are
needed where the highest release is not in the head's past, as on a maintenance branch.
"""

from __future__ import annotations

from rnd import git
from rnd.errors import CommandFailed, NotARepository, UsageError
from rnd.version.errors import ShallowHistory
from rnd.version.next_version import Commit
from rnd.version.tags import newest, parse_release, preference, releases, unrecognised_above

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from typing import TypedDict
else:
    TypedDict = dict

# Tags that may be releases, for git to choose among; `rnd.version.tags` then reads them.
RELEASE_GLOBS = ("--match=[0-9]*.[0-9]*", "--match=v[0-9]*.[0-9]*", "--exclude=*[!0-9.v]*", "--exclude=*.*.*.*")
# Of a tag: its name, its object, the commit of an annotated tag, and the date of the commit.
TAGGED = "%(refname:strip=2) %(objectname) %(*objectname) %(committerdate:unix)%(*committerdate:unix)"
NEAR = 500  # commits
CLOCK_SKEW = 86_400  # seconds
MOST_PATTERNS = 200  # of refs; git compares every ref with every pattern
# %B never holds the NUL that -z puts between commits. Every option that a user's configuration could change is given.
LOG = ("log", "-z", "--encoding=UTF-8", "--no-show-signature", "--format=%m%H %P%n%B")


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


def read(folder: str, without: str = "", at: str = "HEAD") -> History:
    """Read the history of the repository that a folder lies in.

    Args:
        folder: A folder in the repository.
        without: A tag that is passed over, as if it were not there yet.
        at: The commit that counts as the head.

    Raises:
        NotARepository: The folder lies in none, or git refuses to read it.
        ShallowHistory: The clone is shallow.
    """
    head, tags = _head_and_tags(folder, at)
    tags -= {without}
    release = newest(tags) if head else None
    commits = None
    if release and not _is_above_manifest(folder, release):
        commits = _commits_since(folder, f"refs/tags/{release}", at)
    if release and commits is None:  # the highest release is probably on another branch
        release, commits = _search(folder, at, tags, without)
    unrecognised = unrecognised_above(parse_release(release) if release else None, tags) if head else []
    if unrecognised:
        past = _in_the_past(folder, at, unrecognised)
        unrecognised = [tag for tag in unrecognised if tag in past]
    return History(head=head, tags=tags, release=release, commits=commits or [], unrecognised=unrecognised)


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
    _head_and_tags(folder)
    commit = git.output(folder, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    said = git.output(folder, *LOG, f"{commit.strip()}..HEAD", "--") if commit else None
    if said is None:
        raise UsageError(
            f"git cannot tell HEAD from {base.removeprefix('refs/remotes/')!r}.",
            "Name the branch that it is to be merged into, with `--base`.",
        )
    return _commits(said)


def _head_and_tags(folder: str, at: str = "HEAD") -> tuple[str | None, frozenset[str]]:
    said = git.output(folder, "rev-parse", "--is-shallow-repository", f"{at}^{{commit}}", "--symbolic", "--tags")
    if said is None:
        _must_be_repository(folder)
        return None, frozenset()  # no commit yet, which the call above takes for an error
    shallow, head, *tags = said.removesuffix("\n").split("\n")
    if shallow == "true":
        raise ShallowHistory("This clone is shallow: commits, and with them tags, are missing.")
    return head, frozenset(tags)


def _must_be_repository(folder: str) -> None:
    try:
        git.run(folder, "rev-parse", "--is-shallow-repository")
    except CommandFailed as failed:
        _, _, words = failed.message.partition("\n")
        raise NotARepository(f"git finds no repository that it can read here:\n{words}") from failed


def _commits_since(folder: str, base: str, at: str) -> list[Commit] | None:
    """Return the commits of one revision that another does not hold, or None if the other is not in its past."""
    said = git.output(folder, *LOG, "--left-right", f"{base}...{at}", "--")
    if said is None or said.startswith("<") or "\0<" in said:  # None: nothing there, or not a commit
        return None
    return _commits(said)


def _is_above_manifest(folder: str, release: str) -> bool:
    """Return whether a release is above the version in `pyproject.toml`, and so probably on another branch.

    This decides only which way is faster: comparing with a release far away on another branch takes long.
    """
    try:
        # pathlib would cost every start 4 ms.
        with open(f"{folder}/pyproject.toml", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
            found = next((line.split('"') for line in stream if line.startswith("version")), [])
    except OSError:
        return False
    written = parse_release(found[1].partition(".dev")[0]) if len(found) > 1 else None
    return written is not None and (parse_release(release) or written) > written


def _search(folder: str, at: str, tags: frozenset[str], without: str) -> tuple[str | None, list[Commit]]:
    """Return the highest release tag in the past of a commit, and the commits since.

    From a tag that is near, only the tags above it remain to be tested: mostly those of other branches.
    """
    found = _tagged(folder)
    near = _commits(git.output(folder, *LOG, f"--max-count={NEAR}", at, "--") or "")
    hashes = {commit["id"] for commit in near}
    nearest = newest(tag for tag in tags if tag in found and not hashes.isdisjoint(found[tag][:2]))
    nearest = nearest or _described(folder, at, without)
    if nearest is None:
        return None, []
    commits = _straight_to(near, found.get(nearest, []))
    if commits is None:
        commits = _commits_since(folder, f"refs/tags/{nearest}", at) or []
    lowest = preference((parse_release(nearest) or (0, 0, 0), nearest))
    above = [entry[1] for entry in releases(tags) if preference(entry) > lowest]
    higher = newest(_in_the_past(folder, at, _possible(found, nearest, commits, above)))
    if higher is None:
        return (nearest, commits) if parse_release(nearest) else (None, [])
    return higher, _commits_since(folder, f"refs/tags/{higher}", at) or []


def _tagged(folder: str) -> dict[str, list[str]]:
    """Return what `TAGGED` has for each tag."""
    said = git.run(folder, "for-each-ref", f"--format={TAGGED}", "refs/tags")
    return {name: rest for name, *rest in (line.split(" ") for line in said.split("\n"))}


def _straight_to(commits: list[Commit], hashes: list[str]) -> list[Commit] | None:
    """Return the commits before one of some hashes, or None where a merge is between: then the order is no proof."""
    for number, commit in enumerate(commits):
        if commit["id"] in hashes:
            return commits[:number]
        if commit["parents"] != 1:
            return None
    return None


def _described(folder: str, at: str, without: str) -> str | None:
    """Return the release tag that is nearest in the past of a commit, or None without any."""
    excluded = [f"--exclude={without}"] if without else []
    said = git.output(folder, "describe", "--tags", "--abbrev=0", *RELEASE_GLOBS, *excluded, at)
    return None if said is None else said.strip()


def _possible(found: dict[str, list[str]], base: str, since: list[Commit], tags: list[str]) -> list[str]:
    """Return the tags among some that may be in the past of a head, without walking the history.

    A tag in the past is on a commit since the base, or in the past of the base and so not later than it. Like git
    itself in `git name-rev`, this allows for clocks that are a day apart.

    Args:
        found: What `TAGGED` has for each tag.
        base: A tag in the past of the head.
        since: The commits that the head holds and the base does not.
        tags: The tags to choose from.
    """
    latest = found[base][2] if base in found else ""
    if not latest:
        return tags
    commits, limit = {commit["id"] for commit in since}, int(latest) + CLOCK_SKEW
    return [
        tag
        for tag in tags
        if not found[tag][2] or int(found[tag][2]) <= limit or not commits.isdisjoint(found[tag][:2])
    ]


def _in_the_past(folder: str, at: str, tags: list[str]) -> set[str]:
    """Return the tags among some that are in the past of a commit."""
    if not tags:
        return set()
    patterns = [f"refs/tags/{tag}" for tag in tags] if len(tags) <= MOST_PATTERNS else ["refs/tags"]
    said = git.run(folder, "for-each-ref", f"--merged={at}", "--format=%(refname:strip=2)", *patterns)
    return set(said.split("\n")).intersection(tags)


def _commits(said: str) -> list[Commit]:
    return [_commit(entry) for entry in said.split("\0") if entry]


def _commit(entry: str) -> Commit:
    head, _, message = entry.partition("\n")
    commit, *parents = head[1:].split()
    return Commit(id=commit, parents=len(parents), message=message)

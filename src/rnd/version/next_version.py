"""Which version comes next, from tags and commits. Pure: plain data in, plain data out; touches nothing.

Versions are those of Semantic Versioning 2.0.0 (https://semver.org), and a release is `X.Y.Z`, nothing more. A build
on the way to one is `X.Y.Z.dev0+HASH`, a local version of a developmental release (PEP 440).
"""

from __future__ import annotations

import re

from rnd.errors import ManifestInvalid
from rnd.version.commits import RANK, Finding, Reading, announces, disregard, parse, squash_message

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import TypedDict

    from rnd.version.commits import Level

    Release = tuple[int, int, int]
else:
    TypedDict = dict

NUMBER = r"(0|[1-9][0-9]{0,17})"  # without leading zeros (Semantic Versioning 2); longer ones are dates gone wrong
RELEASE = re.compile(rf"(v?){NUMBER}\.{NUMBER}\.{NUMBER}")
DEVELOPMENT = rf"{NUMBER}\.{NUMBER}\.{NUMBER}\.dev{NUMBER}(?:\+([a-z0-9]+(?:\.[a-z0-9]+)*))?"
HASH_LENGTH = 7


class Commit(TypedDict):
    """One commit.

    Attributes:
        id: Its full hash, in hexadecimal digits.
        parents: How many it has; a merge has more than one.
        message: The whole message.
    """

    id: str
    parents: int
    message: str


class Verdict(Reading):
    """What one commit does to the next version: the reading of its message.

    Attributes:
        id: The commit's full hash.
    """

    id: str


class Answer(TypedDict):
    """The next version, and why.

    Attributes:
        version: `X.Y.Z`.
        tag: The tag of its release: the version, with the `v` that the last release's tag has, if it has one.
        previous: The tag of the release before, or None where there is none.
        level: The step from there to here; "none" where both are one, or there is none before.
        because: The reason in one sentence.
        taken: The tag of a release of that very version that lies outside the head's past, or None where it is free.
        commits: What each commit since does, newest first.
    """

    version: str
    tag: str
    previous: str | None
    level: Level
    because: str
    taken: str | None
    commits: list[Verdict]


class Way(TypedDict):
    """One way to merge a pull request.

    Attributes:
        way: What it is called.
        level: What the commits that it leaves ask for.
        decided: The line that decided, and why.
    """

    way: str
    level: Level
    decided: Finding


def parse_release(tag: str) -> Release | None:
    """Return the version that a release tag names, or None if it is the tag of something else.

    `X.Y.Z` and `vX.Y.Z` are releases. A pre-release (`1.0.0-rc.1`), another prefix (`docs-1.0.0`) and a moving tag
    (`v1`) are not.
    """
    found = RELEASE.fullmatch(tag)
    return (int(found[2]), int(found[3]), int(found[4])) if found else None


def newest(tags: Iterable[str]) -> str | None:
    """Return the release tag with the highest version, or None among tags that are no releases."""
    releases = [(release, tag) for tag in tags if (release := parse_release(tag))]
    return max(releases)[1] if releases else None


def bump(release: Release, level: Level) -> Release:
    """Return the version one step on. A breaking change leads to the next X, from 0.Y.Z too."""
    major, minor, patch = release
    if level == "major":
        return (major + 1, 0, 0)
    if level == "minor":
        return (major, minor + 1, 0)
    if level == "patch":
        return (major, minor, patch + 1)
    return release


def judge(commit: Commit) -> Verdict:
    """Return what one commit does to the next version, and why."""
    reading = parse(commit["message"])
    if commit["parents"] > 1:
        reading = disregard(reading, "a merge: the merged commits count themselves")
    return Verdict(id=commit["id"], **reading)


def highest(verdicts: Iterable[Verdict]) -> Level:
    """Return the highest level of some commits: at least "patch", since other content needs another version."""
    return max(("patch", *(verdict["level"] for verdict in verdicts)), key=RANK.__getitem__)


def derive(previous: str, commits: Sequence[Commit], tags: Collection[str] = ()) -> Answer:
    """Return the version that follows a release.

    Args:
        previous: The tag of the last release that the head holds.
        commits: Those that the head holds and that release does not, in any order.
        tags: All tags of the repository.
    """
    release = parse_release(previous)
    if release is None:
        raise ValueError(f"{previous} is no release tag")
    verdicts = [judge(commit) for commit in commits]
    level = highest(verdicts) if verdicts else "none"
    version = ".".join(map(str, bump(release, level)))
    return Answer(
        version=version,
        tag="v" * previous.startswith("v") + version,
        previous=previous,
        level=level,
        because=_because(previous, level, verdicts),
        taken=_taken(version, tags) if verdicts else None,
        commits=verdicts,
    )


def upcoming(previous: str, commits: Sequence[Commit], tags: Collection[str]) -> str | None:
    """Return the tag of the release that a head is about to get, or None.

    It is about to get one if a commit of ours has set the very version that comes next there, and no tag has it yet:
    a merged pull request whose release is still being made, or failed.

    Args:
        previous: The tag of the last release that this head holds.
        commits: Those that it holds and that release does not.
        tags: All tags of the repository.
    """
    answer = derive(previous, commits, tags)
    announced = any(announces(commit["message"], answer["version"]) for commit in commits)
    return answer["tag"] if announced and not answer["taken"] else None


def first(manifest_version: str, tags: Collection[str] = ()) -> Answer:
    """Return the first release: the version that the manifest has, without what makes it a development version.

    Args:
        manifest_version: `X.Y.Z`, or `X.Y.Z.devN+HASH` of it.
        tags: All tags of the repository; none is the tag of a release in the head's past.

    Raises:
        ManifestInvalid: It is neither.
    """
    if not is_settable(manifest_version):
        raise ManifestInvalid(f"pyproject.toml has the version {manifest_version!r}, which cannot be a first release.")
    version = manifest_version.partition(".dev")[0]
    because = "there is no release before, so it is the version that pyproject.toml has"
    taken = _taken(version, tags)
    return Answer(version=version, tag=version, previous=None, level="none", because=because, taken=taken, commits=[])


def ways_to_merge(title: str, commits: Sequence[Commit]) -> list[Way]:
    """Return what each way to merge a pull request would ask of the next version.

    Args:
        title: The pull request's.
        commits: Its commits, newest first.
    """
    verdicts = [judge(commit) for commit in commits]
    messages = [commit["message"] for commit in reversed(commits)]
    numbered = f"{title} (#1)"  # as GitHub does; which number makes no difference
    squashed = judge(Commit(id="", parents=1, message=squash_message(numbered, messages)))
    alone = judge(Commit(id="", parents=1, message=numbered))
    return [
        _way("merge or rebase", verdicts),
        _way("squash, with the messages", [squashed]),
        _way("squash, with the title alone", [alone]),
    ]


def _way(name: str, verdicts: Sequence[Verdict]) -> Way:
    level = highest(verdicts)
    nothing = Finding(line=0, text="", reason="no commit counts; other content needs another version")
    decided = next((verdict["decided"] for verdict in verdicts if verdict["level"] == level), nothing)
    return Way(way=name, level=level, decided=decided)


def _because(previous: str, level: Level, verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return f"the head is the commit that {previous} was released from"
    deciding = [verdict for verdict in verdicts if verdict["level"] == level]
    since = f"{len(verdicts)} {'commit' if len(verdicts) == 1 else 'commits'} since {previous}"
    if not deciding:
        return f"{since}, none of which counts; other content needs another version"
    return f"{since}; {len(deciding)} of level {level}"


def _taken(version: str, tags: Collection[str]) -> str | None:
    return next((tag for tag in (version, f"v{version}") if tag in tags), None)


def is_settable(version: str) -> bool:
    """Say whether a version is one that this project writes: `X.Y.Z`, or `X.Y.Z.devN+HASH` that stays as it is.

    PEP 440 reads a local part of nothing but digits as a number, so that `0123456` would be published as `123456`.
    """
    if RELEASE.fullmatch(version):
        return not version.startswith("v")
    found = re.fullmatch(DEVELOPMENT, version)
    return found is not None and not any(part.isdigit() for part in (found[5] or "").split("."))


def development_version(version: str, commit: str) -> str:
    """Return the version of a build of one commit on the way to a release: `X.Y.Z.dev0+HASH`.

    Args:
        version: The release, `X.Y.Z`.
        commit: The full hash. Seven of its digits are used, or as many as it takes until one is a letter: a local
            part of nothing but digits would be read as a number, and lose its leading zeros (PEP 440). A full hash
            without a letter gets the `g` of `git describe` in front.
    """
    length = next((end for end in range(HASH_LENGTH, len(commit) + 1) if not commit[:end].isdigit()), None)
    return f"{version}.dev0+{commit[:length] if length else f'g{commit}'}"

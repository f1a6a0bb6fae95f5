"""Which version comes next, from tags and commits. Pure: plain data in, plain data out; touches nothing.

Versions are those of Semantic Versioning 2.0.0 (https://semver.org), and a release is `X.Y.Z`, nothing more. A build
on the way to one is `X.Y.Z.dev0+HASH`, a local version of a developmental release (PEP 440).
"""

from __future__ import annotations

import re

from rnd.errors import ManifestInvalid
from rnd.version.commits import RANK, Finding, ParsedMessage, announces, disregard, has_type, parse, squash_message
from rnd.version.tags import parse_release, taken

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Literal, TypedDict

    from rnd.version.commits import Level
    from rnd.version.tags import Release

    Relation = Literal["later", "diverged", "unrelated", "no-commit"]
else:
    TypedDict = dict

NUMBER = r"(0|[1-9][0-9]{0,8})"  # without leading zeros (Semantic Versioning 2); longer ones are dates gone wrong
RELEASE = rf"{NUMBER}\.{NUMBER}\.{NUMBER}"
DEVELOPMENT = rf"{RELEASE}\.dev{NUMBER}(?:\+([a-z0-9]+(?:\.[a-z0-9]+)*))?"
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


class CommitAnalysis(ParsedMessage):
    """What one commit does to the next version: its parsed message.

    Attributes:
        id: The commit's full hash.
    """

    id: str


class TakenBy(TypedDict):
    """The commit that a version is released from.

    Attributes:
        commit: Its full hash; None where the tag names something else.
        relation: Where it lies, seen from the head: "later" in the same history, "diverged" on another branch,
            "unrelated" without a commit in common, or "no-commit".
    """

    commit: str | None
    relation: Relation


class Answer(TypedDict):
    """The next version, and why.

    Attributes:
        version: `X.Y.Z`.
        tag: The tag of its release: the version, with the `v` that the last release's tag has, if it has one. Where
            the head is that release, its tag as it is.
        previous: The tag of the last release, or None where there is none.
        level: The step from the last release to this version; "none" where they are the same, or without a release.
        reason: One sentence.
        taken: The tag of a release of that very version that lies outside the head's past, or None where it is free.
        taken_by: The commit with that tag; None where nobody asked git yet.
        unrecognised_tags: Tags in the head's past that resemble a release above the last one, highest first.
        jumped_from: The highest release below the last one, where the last one is more than one step above every
            release in the head's past and above the version in the manifest: nothing explains it. None otherwise.
        commits: What each commit since the last release does, newest first.
    """

    version: str
    tag: str
    previous: str | None
    level: Level
    reason: str
    taken: str | None
    taken_by: TakenBy | None
    unrecognised_tags: list[str]
    jumped_from: str | None
    commits: list[CommitAnalysis]


class MergeStrategy(TypedDict):
    """One way to merge a pull request.

    Attributes:
        strategy: Its name.
        level: What the commits that it leaves ask for.
        decided: The line that decided, and why.
    """

    strategy: str
    level: Level
    decided: Finding


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


def analyse(commit: Commit) -> CommitAnalysis:
    """Return what one commit does to the next version, and why.

    A merge counts only if its title has a type: somebody wrote it. The merged commits count themselves.
    """
    parsed = parse(commit["message"])
    if commit["parents"] > 1 and not has_type(parsed["subject"]):
        parsed = disregard(parsed, "a merge: the merged commits count themselves")
    return CommitAnalysis(id=commit["id"], **parsed)


def highest(analyses: Iterable[CommitAnalysis]) -> Level:
    """Return the highest level of some commits: at least "patch", since other content needs another version."""
    levels: list[Level] = ["patch", *(analysis["level"] for analysis in analyses)]
    return max(levels, key=RANK.__getitem__)


def derive(
    previous: str, commits: Sequence[Commit], tags: Collection[str] = (), unrecognised: Sequence[str] = ()
) -> Answer:
    """Return the version that follows a release.

    Args:
        previous: The tag of the last release that the head holds.
        commits: Those that the head holds and that release does not, in any order.
        tags: All tags of the repository.
        unrecognised: Tags in the head's past that resemble a release above that one, highest first.
    """
    release = parse_release(previous)
    if release is None:
        raise ValueError(f"{previous} is not a release tag")
    analyses = [analyse(commit) for commit in commits]
    level = highest(analyses) if analyses else "none"
    version = ".".join(map(str, bump(release, level)))
    return Answer(
        version=version,
        tag="v" * previous.startswith("v") + version if analyses else previous,
        previous=previous,
        level=level,
        reason=_reason(previous, level, analyses),
        taken=taken(version, tags) if analyses else None,
        taken_by=None,
        unrecognised_tags=list(unrecognised),
        jumped_from=None,
        commits=analyses,
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


def first(manifest_version: str, tags: Collection[str] = (), unrecognised: Sequence[str] = ()) -> Answer:
    """Return the first release: the version that the manifest has, without what makes it a development version.

    Args:
        manifest_version: `X.Y.Z`, or `X.Y.Z.devN+HASH` of it.
        tags: All tags of the repository; none is the tag of a release in the head's past.
        unrecognised: Tags in the head's past that resemble a release, highest first.

    Raises:
        ManifestInvalid: It is neither.
    """
    if not is_settable(manifest_version):
        raise ManifestInvalid(f"pyproject.toml has the version {manifest_version!r}, which cannot be a first release.")
    version = manifest_version.partition(".dev")[0]
    return Answer(
        version=version,
        tag=version,
        previous=None,
        level="none",
        reason="there is no release before, so it is the version that pyproject.toml has",
        taken=taken(version, tags),
        taken_by=None,
        unrecognised_tags=list(unrecognised),
        jumped_from=None,
        commits=[],
    )


def merge_strategies(title: str, commits: Sequence[Commit]) -> list[MergeStrategy]:
    """Return what each way to merge a pull request would ask of the next version.

    Args:
        title: The pull request's.
        commits: Its commits, newest first.
    """
    merged = [analyse(commit) for commit in commits]
    rebased = [analysis for analysis, commit in zip(merged, commits, strict=True) if commit["parents"] < 2]
    messages = [commit["message"] for commit in reversed(commits)]
    numbered = f"{title} (#1)"  # as GitHub does; which number makes no difference
    squashed = analyse(Commit(id="", parents=1, message=squash_message(numbered, messages)))
    alone = analyse(Commit(id="", parents=1, message=numbered))
    kept = [_strategy("merge", merged), _strategy("rebase", rebased)]  # a rebase drops merge commits
    return [
        *(kept if kept[0]["level"] != kept[1]["level"] else [_strategy("merge or rebase", merged)]),
        _strategy("squash, with the messages", [squashed]),
        _strategy("squash, with the title alone", [alone]),
    ]


def _strategy(name: str, analyses: Sequence[CommitAnalysis]) -> MergeStrategy:
    level = highest(analyses)
    nothing = Finding(line=0, text="", reason="no commit counts; other content needs another version")
    decided = next((analysis["decided"] for analysis in analyses if analysis["level"] == level), nothing)
    return MergeStrategy(strategy=name, level=level, decided=decided)


def _reason(previous: str, level: Level, analyses: Sequence[CommitAnalysis]) -> str:
    if not analyses:
        return f"the head is the commit that {previous} was released from"
    deciding = [analysis for analysis in analyses if analysis["level"] == level]
    since = f"{len(analyses)} {'commit' if len(analyses) == 1 else 'commits'} since {previous}"
    if not deciding:
        return f"{since}, none of which counts; other content needs another version"
    return f"{since}; {len(deciding)} of level {level}"


def is_release(version: str) -> bool:
    """Return whether a version is `X.Y.Z`, without leading zeros."""
    return re.fullmatch(RELEASE, version) is not None


def is_settable(version: str) -> bool:
    """Return whether a version is one that this project writes: `X.Y.Z`, or `X.Y.Z.devN+HASH` that stays as it is.

    PEP 440 reads a local part of digits only as a number, so that `0123456` would be published as `123456`.
    """
    if is_release(version):
        return True
    found = re.fullmatch(DEVELOPMENT, version)
    return found is not None and not any(part.isdigit() for part in (found[5] or "").split("."))


def development_version(version: str, commit: str) -> str:
    """Return the version of a build of one commit on the way to a release: `X.Y.Z.dev0+HASH`.

    Args:
        version: The release, `X.Y.Z`.
        commit: The full hash. Seven of its digits are used, or as many as it takes until one is a letter: a local
            part of digits only would be read as a number, and lose its leading zeros (PEP 440). A full hash
            without a letter gets the `g` of `git describe` in front.
    """
    length = next((end for end in range(HASH_LENGTH, len(commit) + 1) if not commit[:end].isdigit()), None)
    return f"{version}.dev0+{commit[:length] if length else f'g{commit}'}"

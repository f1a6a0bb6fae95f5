"""The next version of the repository that this process stands in. Reads git, and `pyproject.toml` where it has to.

`rnd version next` is called in every job, so what it does not need is imported where it is needed.
"""

from __future__ import annotations

from rnd.version import history, next_version
from rnd.version.refs import HERE

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd.version.history import History
    from rnd.version.next_version import Answer


def derive(
    without: str = "", pending: str | None = None, asked: Generator[bytes] | None = None
) -> tuple[Answer, str | None]:
    """Return the next version, and the full hash of the commit at the head.

    Args:
        without: A tag that is passed over, as if it were not there yet.
        pending: A commit whose release may still be being made: the version that was set there then counts as one.
        asked: What `refs.ask` returned, if git was started already.
    """
    past = history.read(HERE, without, asked=asked)
    answer = _first(past) if past["release"] is None else _following(past, past["release"], pending)
    if answer["taken"]:
        from rnd.version.conflicts import locate

        answer["taken_by"] = locate(HERE, answer["taken"], past["head"])
    return answer, past["head"]


def _first(past: History) -> Answer:
    from pathlib import Path

    from rnd import git, manifest
    from rnd.errors import ManifestInvalid

    try:
        return next_version.first(manifest.read_version(git.work_tree(Path(HERE))), past["tags"], past["unrecognised"])
    except ManifestInvalid as invalid:
        if not past["unrecognised"]:
            raise
        from rnd.version.errors import UnrecognisedTag

        raise UnrecognisedTag(
            f"No tag in the history of this commit is written X.Y.Z; {past['unrecognised'][0]} resembles a release."
        ) from invalid


def _following(past: History, release: str, pending: str | None) -> Answer:
    upcoming = _upcoming(pending, release) if pending else None
    commits = history.read_since(HERE, pending) if pending and upcoming else None
    if upcoming is None or commits is None:
        answer = next_version.derive(release, past["commits"], past["tags"], past["unrecognised"])
    else:
        answer = next_version.derive(upcoming, commits, past["tags"], past["unrecognised"])
        answer["reason"] += f"; {upcoming} itself is still being released"
    answer["jumped_from"] = _jumped_from(release, past)
    return answer


def _jumped_from(release: str, past: History) -> str | None:
    """Return the release below the last one, if the last one is a jump that `pyproject.toml` does not explain.

    It is not a jump if it is one step above any release in the past of the head. Releases of other branches prove
    nothing, since anybody who can push one tag can push two.
    """
    if not history.is_above_manifest(HERE, release) or not past["head"]:
        return None
    from pathlib import Path

    from rnd import git, manifest
    from rnd.errors import ManifestInvalid
    from rnd.version.tags import next_below, one_step_below, parse_release

    try:
        written = manifest.read_version(git.work_tree(Path(HERE)))
    except ManifestInvalid:
        return None
    numbers = parse_release(written.partition(".dev")[0])
    explained = numbers is None or numbers >= (parse_release(release) or numbers)
    if explained or history.in_the_past(HERE, past["head"], one_step_below(release, past["tags"])):
        return None
    return next_below(release, past["tags"])


def derive_free(pending: str | None = None, asked: Generator[bytes] | None = None) -> tuple[Answer, str | None]:
    """Return what `derive` returns, if that version can be released.

    Raises:
        VersionTaken: Another commit has its tag.
        UnrecognisedTag: It would be below a tag that resembles a release.
        UnexplainedTag: The last release is a jump that nothing explains.
    """
    answer, head = derive(pending=pending, asked=asked)
    check_free(answer)
    return answer, head


def up_to_date(written: str, pending: str | None = None) -> tuple[Answer, str | None]:
    """Return why a version is the next one: counted from the last release, or from one that is still being made.

    Either is right on the branch that releases come from: a release that was being made may have failed permanently.

    Args:
        written: The version that `pyproject.toml` has.
        pending: As `derive` has it.

    Raises:
        VersionMismatch: It is neither.
        UnexplainedTag: It is neither, and the last release is a jump that nothing explains.
    """
    answers = [derive(pending=counted_from) for counted_from in dict.fromkeys((None, pending))]
    for answer, head in answers:
        if answer["version"] == written:
            return answer, head
    from rnd.version.errors import VersionMismatch

    first, _ = answers[0]
    if first["jumped_from"]:
        check_free(first)
    raise VersionMismatch(f"pyproject.toml has {written}, and {first['version']} comes next: {first['reason']}.")


def check_free(answer: Answer) -> None:
    """Refuse a version that is released already, or that follows from tags that cannot be trusted.

    Raises:
        VersionTaken: Another commit has its tag.
        UnrecognisedTag: It would be below a tag that resembles a release.
        UnexplainedTag: The last release is a jump that nothing explains.
    """
    if not answer["taken"] and not answer["unrecognised_tags"] and not answer["jumped_from"]:
        return
    from rnd.version.conflicts import conflict, newer_tag
    from rnd.version.errors import UnexplainedTag, UnrecognisedTag, VersionTaken

    found = conflict(answer)
    if found:
        message, hint = found
        error = VersionTaken if answer["taken"] else UnrecognisedTag if newer_tag(answer) else UnexplainedTag
        raise error(f"{answer['version']} comes next here, and {message}.", hint)


def _upcoming(pending: str, release: str) -> str | None:
    """Return the tag of the release that a commit is about to get, if the one before it is ours too."""
    past = history.read(HERE, at=pending)
    return next_version.upcoming(release, past["commits"], past["tags"]) if past["release"] == release else None

"""What keeps a version from being released: a tag that names it, a newer tag of an unknown form, an unexplained one.

`locate` asks git which commit has the tag; the rest is pure.
"""

from __future__ import annotations

from rnd import git
from rnd.version.next_version import TakenBy
from rnd.version.tags import resembled

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from rnd.version.next_version import Answer

SHORT_HASH = 7


def locate(folder: str, tag: str, head: str | None) -> TakenBy:
    """Return which commit has a tag, and where it lies seen from the head."""
    said = git.output(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    if said is None:
        return TakenBy(commit=None, relation="no-commit")
    commit = said.strip()
    base = git.output(folder, "merge-base", commit, head) if head else None
    if base is None:
        return TakenBy(commit=commit, relation="unrelated")
    return TakenBy(commit=commit, relation="later" if base.strip() == head else "diverged")


def conflict(answer: Answer) -> tuple[str, str] | None:
    """Return what keeps a version from being released and what helps, or None where it can be released.

    Returns:
        A sentence that begins with the tag, and the advice.
    """
    if answer["taken"]:
        by = answer["taken_by"]
        where = f"commit {by['commit'][:SHORT_HASH]}" if by and by["commit"] else "another commit"
        if by and by["relation"] == "no-commit":
            where = "something that is not a commit"
        return f"tag {answer['taken']} is on {where}", _advice(answer)
    newer = newer_tag(answer)
    if newer is None:
        return _jump(answer) if answer["jumped_from"] else None
    return (
        f"tag {newer} in the history of this commit resembles a newer release, and its form is unknown",
        f"If it is a release, tag the same commit X.Y.Z: `git tag X.Y.Z '{newer}^{{}}'`. If it is not, delete it.",
    )


def _jump(answer: Answer) -> tuple[str, str]:
    tag = answer["previous"]
    return (
        f"tag {tag} is more than one step above {answer['jumped_from']}, and pyproject.toml has a lower version, "
        "so neither commits nor files explain it",
        f"If the jump is intended, accept it: `rnd version set {answer['version']}`, and merge that. "
        f"If it is not, delete the tag: {_delete(tag or '')}.",
    )


def newer_tag(answer: Answer) -> str | None:
    """Return the highest tag in the head's past that resembles a release above the next version, or None."""
    version = tuple(map(int, answer["version"].split(".")))
    return next((tag for tag in answer["unrecognised_tags"] if (resembled(tag) or ()) > version), None)


def _advice(answer: Answer) -> str:
    tag, by = answer["taken"], answer["taken_by"]
    relation = by["relation"] if by else "diverged"
    delete = _delete(tag or "")
    if relation == "later":
        return f"The release was made from a later commit of this history. Go on from it: `git merge --ff-only {tag}`."
    if relation == "no-commit":
        return f"Delete the tag: {delete}."
    if relation == "unrelated":
        return f"The two histories have no commit in common. If the tag is left over from the other one: {delete}."
    advice = f"Merge that release, so that the next version follows it: `git merge {tag}`. "
    if answer["previous"] is None:
        advice = f"Write a version that is not released yet into pyproject.toml, or merge that one: `git merge {tag}`. "
    elif answer["level"] != "patch":
        advice += "A maintenance branch that is to stay behind can release fixes only. "
    return f"{advice}If the tag is a mistake, delete it: {delete}."


def _delete(tag: str) -> str:
    return f"`git push --delete origin {tag}` and `git tag --delete {tag}`"

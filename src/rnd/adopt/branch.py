"""Makes the branch `rnd/adopt` in a clone, and brings it into the repository in one step at the end.

An adoption that fails or is interrupted changes nothing: the repository gets one reference, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd import git
from rnd.adopt import place
from rnd.adopt.commits import QUIET, Work
from rnd.adopt.errors import BranchExists
from rnd.adopt.lock import NOT_LOCKED
from rnd.adopt.place import BRANCH, REF
from rnd.errors import IdentityMissing
from rnd.project import template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.repository import Existing


@dataclass(frozen=True)
class Branch:
    """The branch of an adoption, as git has it.

    Attributes:
        commit: Its last commit.
        points: The open points that its commits list.
        changed: How many lines of the repository's own are gone, by path.
        proposals: Files with conflict markers.
        locked: Whether it has a lock file that is up to date.
    """

    commit: str
    points: list[str]
    changed: dict[str, int]
    proposals: list[str]
    locked: bool


def read_branch(root: Path, base: str) -> Branch | None:
    """Return the branch, or None if there is none.

    Args:
        root: The repository.
        base: The commit that it has to start at.

    Raises:
        BranchExists: It starts at another commit.
    """
    tip = git.attempt(root, "rev-parse", "--quiet", "--verify", f"{REF}^{{commit}}")
    if tip is None:
        return None
    if git.attempt(root, "merge-base", tip, base) != base or tip == base:
        raise BranchExists(f"The branch {BRANCH} exists and does not start at {base[:7]}.")
    bodies = git.attempt(root, "log", "--reverse", "--format=%b", f"{base}..{tip}") or ""
    points = [line[2:] for line in bodies.splitlines() if line.startswith("- ")]
    listed = (
        git.attempt(root, "diff", "--no-ext-diff", "--no-textconv", "--numstat", "--no-renames", "-z", base, tip) or ""
    ).split("\0")
    rows = [line.split("\t") for line in listed if line]
    changed = {path: int(gone) for _, gone, path in rows if gone not in {"0", "-"}}
    marked = git.attempt(root, "grep", "--name-only", "-z", "-e", "^<<<<<<< this repository$", tip) or ""
    proposals = [name.partition(":")[2] for name in marked.split("\0") if name]
    locked = not any(NOT_LOCKED in point for point in points)
    return Branch(tip, points, changed, proposals, locked)


def make_branch(
    existing: Existing,
    found: Analysis,
    answers: Mapping[str, Any],
    source: template.Template,
    *,
    build: bool = False,
) -> None:
    """Make the branch in the repository.

    Args:
        existing: The repository.
        found: The analysis, without blocking points.
        answers: The answers to the template's questions.
        source: The template.
        build: Whether locking may build packages that have no wheel.

    Raises:
        IdentityMissing: Git has no author for the commits.
        RndError: The template, git or the merge failed; the repository is as it was.
    """
    author = git.identity(existing.root)
    if author is None:
        raise IdentityMissing("Git has no name and e-mail address for the commits.")
    with place.temporary() as temporary:
        clone, rendered = temporary / "clone", temporary / "rendered"
        place.clone(existing.root, clone)
        git.run(clone, *QUIET, "checkout", "--quiet", "-B", BRANCH, existing.commit)
        answers = {**answers, "author": answers["author"] or author}
        template.render(source, rendered, answers, {"author": author}, ask=False)
        Work(clone, rendered, existing, found, author, answers, build).apply()
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
        fetch = ("fetch", *options, str(clone), f"{REF}:{REF}")
        place.remove_stale_lock(existing.root)
        # The configuration of the folder can rewrite an address to one that starts a program.
        git.run(existing.root, *git.INERT, *QUIET, *fetch, extra={"GIT_ALLOW_PROTOCOL": "file"})

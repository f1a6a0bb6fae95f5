"""Errors of the version engine; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class ShallowHistory(RndError):
    """The clone is shallow: commits and tags are missing, and a version derived without them would be wrong."""

    code = "shallow-history"
    hint = (
        "Fetch the rest: `git fetch --unshallow --tags`; in a workflow, check out with `fetch-depth: 0` "
        "(`filter: tree:0` keeps it quick)."
    )


class VersionTaken(RndError):
    """The version that comes next is released already, from a commit outside the head's past.

    The message names that commit. The advice depends on where it lies: later in the same history, on another branch,
    or in a history of its own.
    """

    code = "version-taken"
    hint = "Merge the release that has this version, then run the same command again."


class UnrecognisedTag(RndError):
    """The version that comes next would be below a tag that resembles a release and is not written like one.

    A release tag is `X.Y.Z` or `vX.Y.Z`; `v4.5` and `2026.06.18` are understood too. `release-5.0.0` or `V5.0.0` in
    the history of this commit could be a release, so a version below it is refused.
    """

    code = "unrecognised-tag"
    hint = "If the tag is a release, tag the same commit X.Y.Z. If it is not, delete it."


class UnexplainedTag(RndError):
    """The last release is more than one step above every other release, and above the version in `pyproject.toml`.

    Anybody who can push a tag could otherwise choose the next version: `v999.0.0` on a commit of `main` would make it
    999.0.1. A version in `pyproject.toml` has been reviewed, so it explains a jump, as from 1.4.2 to 2026.1.0.
    """

    code = "unexplained-tag"
    hint = "If the jump is intended, write the version that comes next with `rnd version set`. If not, delete the tag."


class VersionMismatch(RndError):
    """The version in `pyproject.toml` or `uv.lock` is not the one that comes next."""

    code = "version-mismatch"
    hint = "Write it with `rnd version set`, and commit; `rnd version explain` says why it is that one."
    exit_code = ExitCode.DIFFERENCE


class TitleMismatch(RndError):
    """A pull request's title and its commits ask for different versions.

    A squash merge keeps the title, a rebase keeps the commits, so the version would depend on how the pull request is
    merged.
    """

    code = "title-mismatch"
    hint = "Give the title the type of the highest commit, or add a commit of the type that the title has."
    exit_code = ExitCode.DIFFERENCE

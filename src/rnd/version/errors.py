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
    """The version that comes next is released already, from commits that the head does not hold.

    The branch is behind the one that releases come from, or the commit is older than the release.
    """

    code = "version-taken"
    hint = "Bring the branch up to date with the one that releases come from, then run the same command again."


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

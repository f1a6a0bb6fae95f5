"""The version, set: in both files, in a commit, and on the branch that it is for.

The commit is the same one whenever it is made again: its dates are those of its parent. So a run that is repeated
finds on the branch the very commit that it would have pushed. Touches the two files and git.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import git, manifest, process
from rnd.errors import IdentityMissing, PushRefused, UncommittedChanges
from rnd.manifest import LOCK, MANIFEST
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.version.commits import version_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REMOTE = "origin"


def plan_files(root: Path, wanted: str) -> Plan:
    """Return the plan that writes a version into both files; killed between the two, the same command finishes."""
    files = (
        file_step(root, wanted, MANIFEST, manifest.read_version, _write_checked),
        file_step(root, wanted, LOCK, manifest.read_lock_version, manifest.write_lock_version),
    )
    return Plan(f"the version {wanted}", files)


def _write_checked(root: Path, wanted: str) -> None:
    """Write the version into the first file, once both are known to take it."""
    manifest.check_writable(root)
    manifest.write_version(root, wanted)


def plan_commit(root: Path, wanted: str, branch: str | None, token: str | None) -> Plan:
    """Return the plan that writes a version into both files, commits it, and pushes it to a branch if one is named.

    Args:
        root: The repository.
        wanted: The version.
        branch: The branch's name on the remote; None to push nothing.
        token: What git signs in with; None to leave that to git.

    Raises:
        UncommittedChanges: The files have changes of their own that are not committed.
        IdentityMissing: Git does not know whose name to write on the commit.
    """
    check_untouched(root)
    if git.identity(root) is None:
        raise IdentityMissing("Git knows no name and e-mail for the commit.")
    steps = (*plan_files(root, wanted).steps, commit_step(root, wanted))
    if branch is None:
        return Plan(f"the version {wanted}, committed", steps)
    return Plan(f"the version {wanted} on {branch}", (*steps, push_step(root, wanted, branch, token)))


def file_step(
    root: Path, wanted: str, file: str, read: Callable[[Path], str | None], write: Callable[[Path, str], None]
) -> Step:
    """A file has the version, if it is there."""

    def observe() -> State:
        found = read(root)
        return State(done=found in {None, wanted}, evidence=f"it has {found}" if found else "there is none")

    action = Action(f"write {wanted} into {file}", lambda: write(root, wanted))
    return Step(f"set-{file.replace('.', '-')}", f"Set the version in {file}", observe, (action,))


def committed_version(root: Path) -> str | None:
    """Return the version that `pyproject.toml` has in the commit at the head, or None where it has none there.

    Raises:
        ManifestInvalid: It is not valid TOML, or has no version of its own.
    """
    text = git.attempt(root, "show", f"HEAD:{MANIFEST}")
    return None if text is None else manifest.version_in(text)


def check_untouched(root: Path) -> None:
    """Refuse to commit more than a version.

    Raises:
        UncommittedChanges: `pyproject.toml` or `uv.lock` has changes of its own that are not committed.
        ManifestInvalid: One of them cannot be read.
    """
    for file in (MANIFEST, LOCK):
        before = (git.attempt(root, "show", f"HEAD:{file}") or "").splitlines()
        now = manifest.read_text(root, file).splitlines() if (root / file).exists() else []
        changed = [line for line, other in zip(before, now, strict=False) if line != other]
        if len(before) != len(now) or len(changed) > 1 or not all(line.startswith("version") for line in changed):
            raise UncommittedChanges(f"{file} has changes that are not committed.")


def commit_step(root: Path, wanted: str) -> Step:
    """The commit at the head has the version."""
    files = [file for file in (MANIFEST, LOCK) if (root / file).exists()]

    def observe() -> State:
        found = committed_version(root)
        if found != wanted:
            return needed(f"the commit at the head has {found}")
        changed = git.changes(root, "--", *files)
        return needed("it is not in both files yet") if changed else done(f"the commit at the head has {wanted}")

    message = version_message(wanted)

    def commit() -> None:
        date = git.run(root, "log", "-1", "--no-show-signature", "--format=%cI")
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        git.run(root, "commit", "--quiet", f"--message={message}", "--only", "--", *files, extra=dates)

    return Step("commit-version", "Commit it", observe, (Action(f"git commit -m {message!r}", commit),))


def push_step(root: Path, wanted: str, branch: str, token: str | None) -> Step:
    """The branch on the remote is at the commit at the head, which has the version.

    Args:
        root: The repository.
        wanted: The version.
        branch: The branch's name.
        token: What git signs in with; None to leave that to git.

    Raises:
        UsageError: The remote is not on GitHub, so that the token is not for it.
    """
    import os

    from rnd.github.client import find_addresses
    from rnd.github.repository import check_remote

    server = find_addresses(os.environ).server
    if token:
        check_remote(root, REMOTE, server)

    def ask(*arguments: str) -> str:
        completed = git.signed_in(root, token, server, *arguments)
        if completed.returncode != 0:
            raise PushRefused(f"git {arguments[0]} {REMOTE} failed, for {branch}:\n{process.last_words(completed)}")
        return completed.stdout

    def observe() -> State:
        there = ask("ls-remote", REMOTE, f"refs/heads/{branch}").partition("\t")[0]
        if committed_version(root) == wanted and there == git.head(root):
            return done(f"{branch} is at {there[:7]}")
        return needed(f"{branch} is at {there[:7]}" if there else f"there is no {branch}")

    refspec = f"HEAD:refs/heads/{branch}"
    push = Action(f"git push {REMOTE} {refspec}", lambda: ask("push", "--quiet", "--no-verify", REMOTE, refspec))
    return Step("push-version", f"Push it to {branch}", observe, (push,))

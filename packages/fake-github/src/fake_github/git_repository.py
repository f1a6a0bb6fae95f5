"""The git repositories of a fake GitHub: bare ones, with hooks that hold the rules. Touches only their folder."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fake_github import pre_receive, process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ZERO = "0" * 40
FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
# Bare: no configuration of this machine, and nobody is asked.
QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
# Written in one go: each call of `git config` would be a process. Nothing outlives the server, so nothing is tidied up.
CONFIGURATION = """\
[core]
\thooksPath = "{hooks}"
\tfsync = none
[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[receive]
\thideRefs = refs/pull
\tshallowUpdate = true
\tautogc = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


@dataclass(frozen=True)
class Person:
    """Who made a commit, and when, in ISO 8601."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit, as git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


def create(folder: Path, hooks: Path) -> None:
    """Make a bare repository, without a commit, whose hooks are in another folder."""
    folder.mkdir(parents=True)
    run(folder, "init", "--quiet", "--bare", "--initial-branch=main", "--template=")
    with (folder / "config").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(hooks=str(hooks).replace("\\", "\\\\").replace('"', '\\"')))


def fork(source: Path, folder: Path, hooks: Path) -> None:
    """Make a copy of a repository's branches and tags."""
    create(folder, hooks)
    run(folder, "fetch", "--quiet", str(source), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def write_hooks(folder: Path) -> None:
    """Write the hooks that every repository of a fake GitHub has."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / "pre-receive"
    hook.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {shlex.quote(pre_receive.__file__)}\n")
    hook.chmod(0o755)


def run(folder: Path, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
    """Run git and return its output without the last newline.

    Raises:
        CommandFailed: Git says no.
    """
    return process.run("git", *arguments, cwd=folder, extra={**QUIET, **(extra or {})}).removesuffix("\n")


def attempt(folder: Path, *arguments: str) -> str | None:
    """Run git and return its output without the last newline, or None if it says no."""
    completed = process.attempt("git", *arguments, cwd=folder, extra=QUIET)
    return completed.stdout.removesuffix("\n") if completed.returncode == 0 else None


def refs(folder: Path) -> dict[str, str]:
    """Return every branch and tag with the id of what it names."""
    said = run(folder, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
    return dict(line.split(" ", 1) for line in said.splitlines())


def resolve(folder: Path, name: str) -> str | None:
    """Return the commit that a branch, a tag or an id names, or None where there is none."""
    for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name):
        if not name.startswith("-"):
            found = attempt(folder, "rev-parse", "--quiet", "--verify", f"{candidate}^{{commit}}")
            if found is not None:
                return found
    return None


def kind(folder: Path, sha: str) -> str | None:
    """Return what kind of object an id names: commit, tag, tree, blob; None where there is none."""
    return attempt(folder, "cat-file", "-t", sha) if sha.isalnum() else None


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Return whether a commit is another one or an ancestor of it."""
    return attempt(folder, "merge-base", "--is-ancestor", older, newer) is not None


def commits(folder: Path, *what: str) -> list[Commit]:
    """Return the commits that `git log` lists for some arguments, the oldest first."""
    said = run(folder, "log", "--reverse", "-z", f"--format={FORMAT}", *what, "--")
    fields = said.split("\0")
    size = FORMAT.count("%x00") + 1
    return [_commit(fields[start : start + size]) for start in range(0, len(fields) - size + 1, size)]


def commit(folder: Path, sha: str) -> Commit:
    """Return one commit."""
    return commits(folder, "--no-walk", sha)[0]


def _commit(fields: list[str]) -> Commit:
    sha, tree, parents, *people, message = fields
    author, committer = Person(*people[:3]), Person(*people[3:])
    return Commit(sha, tree, tuple(parents.split()), author, committer, message.removesuffix("\n"))


@contextmanager
def work_tree(folder: Path, sha: str) -> Iterator[Path]:
    """Check a commit out into a temporary folder that shares the repository's objects, and remove it at the end."""
    with TemporaryDirectory(prefix="rnd-merge-") as place:
        tree = Path(place) / "tree"
        run(folder, "worktree", "add", "--quiet", "--detach", str(tree), sha)
        try:
            yield tree
        finally:
            run(folder, "worktree", "remove", "--force", str(tree))


def mergeable(folder: Path, base: str, head: str) -> str | None:
    """Return the tree that two commits merge into, or None where they conflict."""
    said = attempt(folder, "merge-tree", "--write-tree", base, head)
    return None if said is None else said.splitlines()[0]

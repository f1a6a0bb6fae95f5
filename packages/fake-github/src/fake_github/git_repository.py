"""The git repositories of a fake GitHub: bare ones, with hooks that hold the rules. Touches only their folder."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fake_github import git_loose, git_refs, pre_receive, process

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ZERO = "0" * 40
ID = re.compile(r"[0-9a-f]{40}")
# A name of a ref, or an id: no expression, no short id, no output of `git describe`, no `HEAD`, `FETCH_HEAD`.
PLAIN = re.compile(rf"{ID.pattern}|(?!.*HEAD$)(?!(.*-g)?[0-9a-fA-F]{{4,}}$)[A-Za-z0-9][A-Za-z0-9_./+-]*")
# Ids, ranges of them, and paths in them.
IDS = re.compile(r"\^?[0-9a-f]{40}(\.\.[0-9a-f]{40}|:.+)?")
QUESTIONS = {"diff", "log", "ls-tree", "merge-base", "rev-list", "show"}
DECIDED = {0, 1}  # the exit codes of git for yes and for no, such as "not an ancestor"; others are errors
KEPT = 20_000  # answers
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


_answers: dict[tuple[Path, tuple[str, ...]], str | None] = {}  # to questions that name all commits by their ids


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
    for name, content in _empty().items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
    with (folder / "config").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(hooks=str(hooks).replace("\\", "\\\\").replace('"', '\\"')))


@cache
def _empty() -> dict[str, bytes | None]:
    """Return the files of an empty repository, as git makes one, and None for each folder."""
    with TemporaryDirectory(prefix="fake-github-") as place:
        run(Path(place), "init", "--quiet", "--bare", "--initial-branch=main", "--template=")
        paths = sorted(Path(place).rglob("*"))
        return {str(path.relative_to(place)): None if path.is_dir() else path.read_bytes() for path in paths}


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
    answer = attempt(folder, *arguments) if extra is None and _is_fixed(arguments) else None
    if answer is not None:
        return answer
    return process.run("git", *arguments, cwd=folder, extra={**QUIET, **(extra or {})}).removesuffix("\n")


def attempt(folder: Path, *arguments: str) -> str | None:
    """Run git and return its output without the last newline, or None if it says no."""
    # What a shallow repository has of a history grows with a push.
    fixed = _is_fixed(arguments) and not (folder / "shallow").exists()
    if fixed and (folder, arguments) in _answers:
        return _answers[folder, arguments]
    completed = process.attempt("git", *arguments, cwd=folder, extra=QUIET)
    answer = completed.stdout.removesuffix("\n") if completed.returncode == 0 else None
    if fixed and completed.returncode in DECIDED:
        if len(_answers) >= KEPT:
            _answers.clear()
        _answers[folder, arguments] = answer
    return answer


def _is_fixed(arguments: tuple[str, ...]) -> bool:
    """Return whether a question names all commits by their ids, which are digests: the answer never changes."""
    command, *rest = arguments
    named = [one for one in rest if not one.startswith("-")]
    if command == "ls-tree":  # the others are paths
        named = named[:1]
    return command in QUESTIONS and bool(named) and all(map(IDS.fullmatch, named))


def refs(folder: Path) -> dict[str, str]:
    """Return every branch and tag with the id of what it names, in the order of the alphabet."""
    return git_refs.read(folder, *git_refs.BRANCHES_AND_TAGS)


def resolve(folder: Path, name: str) -> str | None:
    """Return the commit that a branch, a tag or an id names, or None where there is none."""
    known = git_refs.read(folder)
    if f"refs/heads/{name}" in known:
        return known[f"refs/heads/{name}"]  # git lets a branch name a commit only
    if kind_of_loose(folder, name) == "commit":
        return name
    candidates = [f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name]
    if PLAIN.fullmatch(name):
        candidates = [one for one in candidates if one in known or ID.fullmatch(one)]
    for candidate in candidates:
        if not candidate.startswith("-"):
            found = attempt(folder, "rev-parse", "--quiet", "--verify", f"{candidate}^{{commit}}")
            if found is not None:
                return found
    return None


def kind_of_loose(folder: Path, sha: str) -> str | None:
    """Return what kind of loose object a whole id names; None for any other."""
    found = git_loose.read(folder, sha) if ID.fullmatch(sha) else None
    return None if found is None else found.kind


def kind(folder: Path, sha: str) -> str | None:
    """Return what kind of object an id names: commit, tag, tree, blob; None where there is none."""
    return kind_of_loose(folder, sha) or (attempt(folder, "cat-file", "-t", sha) if sha.isalnum() else None)


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Return whether a commit is another one or an ancestor of it."""
    known = git_loose.is_ancestor(folder, older, newer)
    return attempt(folder, "merge-base", "--is-ancestor", older, newer) is not None if known is None else known


def merge_base(folder: Path, one: str, other: str) -> str | None:
    """Return the newest common ancestor of two commits, or None where there is none."""
    return one if git_loose.is_ancestor(folder, one, other) else attempt(folder, "merge-base", one, other)


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
def work_tree(folder: Path, sha: str) -> Generator[Path]:
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
    ahead = git_loose.read(folder, head) if git_loose.is_ancestor(folder, base, head) else None
    if ahead is not None:
        return git_loose.headers(ahead.content)[0]["tree"][0]
    said = attempt(folder, "merge-tree", "--write-tree", base, head)
    return None if said is None else said.splitlines()[0]

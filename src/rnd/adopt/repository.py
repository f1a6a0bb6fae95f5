"""Looks at a repository that may join, and refuses what cannot. Reads git only; nothing of the repository runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from rnd import bounded_yaml, git
from rnd.adopt.credentials import without_credentials
from rnd.adopt.errors import AlreadyGenerated, HistoryIncomplete
from rnd.adopt.facts import Fact
from rnd.adopt.tree import Tree, read_tree
from rnd.answers import ANSWERS_FILE
from rnd.errors import NotARepository, UncommittedChanges
from rnd.github.repository import location
from rnd.version.tags import newest

if TYPE_CHECKING:
    from pathlib import Path

LFS = "version https://git-lfs.github.com/spec/"
POINTER = 200  # bytes; a pointer of Git LFS is shorter


@dataclass(frozen=True)
class Existing:
    """A repository at one commit.

    Attributes:
        root: The root of its work tree.
        commit: The full hash of HEAD.
        branch: The branch that pull requests go to: that of `origin`, else the current one.
        tag: The newest release tag in the past of the commit, or None.
        tree: The files of the commit.
    """

    root: Path
    commit: str
    branch: str
    tag: str | None
    tree: Tree


def look(folder: Path, published: str) -> Existing:
    """Return what is in a folder.

    Args:
        folder: A folder of the repository.
        published: The organisation's template repository.

    Raises:
        NotARepository: The folder is not in a git repository with a commit.
        UncommittedChanges: The work tree has changes; the analysis is about a commit.
        HistoryIncomplete: The clone is shallow or lacks content of Git LFS.
        AlreadyGenerated: It is generated from this template.
    """
    root = git.work_tree(folder)
    commit = git.head(root)
    if commit is None:
        raise NotARepository(f"{root} has no commit yet.", "Commit its files first.")
    if git.attempt(root, "rev-parse", "--is-shallow-repository") == "true":
        raise HistoryIncomplete(f"{root} is a shallow clone.")
    tree = read_tree(root, commit)
    _refuse_generated(tree, published)
    if git.changes(root):
        raise UncommittedChanges(f"{root} has uncommitted changes.")
    _refuse_pointers(root, tree)
    tags = (git.attempt(root, "tag", "--list", "--merged", commit) or "").splitlines()
    return Existing(root, commit, _default_branch(root), newest(tags), tree)


def _default_branch(root: Path) -> str:
    remote = git.attempt(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    current = git.attempt(root, "symbolic-ref", "--short", "HEAD")
    return (remote or "").removeprefix("origin/") or current or "main"


def _refuse_generated(tree: Tree, published: str) -> None:
    text = tree.text(ANSWERS_FILE)
    if text is None:
        return
    try:
        answers = bounded_yaml.load(text)
    except (ValueError, yaml.YAMLError):
        answers = None
    source = str(answers.get("_src_path", "")) if isinstance(answers, dict) else ""
    if location(source) == location(published) or (isinstance(answers, dict) and "create_github_repository" in answers):
        raise AlreadyGenerated(f"{ANSWERS_FILE} names the template {without_credentials(source)}.")


def _refuse_pointers(root: Path, tree: Tree) -> None:
    """Refuse a work tree in which a file is the pointer that Git LFS has in place of the content."""
    attributes = [path for path in tree.files if path == ".gitattributes" or path.endswith("/.gitattributes")]
    if not any("filter=lfs" in (tree.text(path) or "") for path in attributes):
        return
    for path, entry in tree.files.items():
        if not 100 < entry.size < POINTER or not (tree.text(path) or "").startswith(LFS):
            continue
        file = root / path
        if not file.is_symlink() and file.is_file() and file.stat().st_size == entry.size:
            raise HistoryIncomplete(f"{path} is a pointer of Git LFS; its content is missing.")


def headers(root: Path, commit: str, copyright_line: str, tree: Tree) -> Fact:
    """Return how many Python files have the organisation's header, with any year or none, as the linter accepts it.

    Args:
        root: The repository.
        commit: Its commit.
        copyright_line: `copyright` of org.yml.
        tree: The files of the commit.
    """
    escaped = re.sub(r"([][().*+?{}|^$\\])", r"\\\1", copyright_line)
    form = escaped.replace(r"\(c\) ", r"\(c\) ([0-9]{4}(-[0-9]{4})? )?")
    listed = git.attempt(root, "grep", "-l", "-z", "-E", "-e", f"^# {form}$", commit, "--", "*.py") or ""
    python = sum(path.endswith(".py") for path in tree.files)
    return Fact(f"in {len(listed.split(chr(0))) - 1} of {python} Python files", "git")

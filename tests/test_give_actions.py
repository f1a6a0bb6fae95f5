"""The branch that repositories call the central actions at: it moves forward with each release, and never back."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = load_organisation().template.workflow_ref


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a remote, with three commits on main."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(tmp_path, "clone", "--quiet", "remote.git", "clone")
    for message in ("a", "b", "c"):
        git(tmp_path / "clone", "commit", "--quiet", "--allow-empty", "--message", message)
    return tmp_path / "clone"


def give(clone: Path, commit: str) -> subprocess.CompletedProcess[str]:
    git(clone, "checkout", "--quiet", "--detach", commit)
    argv = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1]); from scripts.give_actions import main; sys.exit(main())",
        str(ROOT),
    ]
    return subprocess.run(argv, cwd=clone, capture_output=True, text=True, check=False)


def given(clone: Path) -> str:
    """Return the message of the commit that repositories get."""
    return git(clone.parent / "remote.git", "log", "-1", "--format=%s", BRANCH)


def test_it_moves_forward_and_a_run_that_is_repeated_takes_nothing_back(clone: Path) -> None:
    for commit, message in (("main~1", "b"), ("main~1", "b"), ("main", "c"), ("main~2", "c")):
        ended = give(clone, commit)
        assert ended.returncode == 0, ended.stderr
        assert given(clone) == message


def test_it_says_when_it_could_not(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "nowhere")
    ended = give(clone, "main")
    assert ended.returncode == 1
    assert f"error: {BRANCH} was not moved" in ended.stderr


def test_it_is_a_branch_so_that_no_release_takes_it_for_a_version(clone: Path) -> None:
    assert give(clone, "main").returncode == 0
    remote = clone.parent / "remote.git"
    assert git(remote, "for-each-ref", "--format=%(refname)") == f"refs/heads/{BRANCH}"

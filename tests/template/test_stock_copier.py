"""The plain command, by a copier that is installed alone: the same repository as `rnd new` makes."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from tests.helpers.git import git
from tests.helpers.machine import AUTHOR, BOTH_TOOLS
from tests.helpers.template import TemplateRepository, asking_nothing

if TYPE_CHECKING:
    from pathlib import Path

# Every other question by its default, and nothing on GitHub.
HERE = ("--data", "create_github_repository=false", "--defaults")
AGAIN = (*HERE, "--overwrite")


def copy(copier: str, template: TemplateRepository, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the plain command."""
    return subprocess.run(
        ["copier", "copy", "--trust", "--vcs-ref", "HEAD", *arguments, template.address, str(folder)],
        env=os.environ | {"PATH": copier},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
@BOTH_TOOLS
def test_the_same_repository_and_again_over_it(copier: str, template: TemplateRepository, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    ended = copy(copier, template, plain, "--data", "project_name=template_test", *HERE)
    assert ended.returncode == 0, ended.stderr
    assert "Run the repository's checks: done (passed on " in ended.stderr

    ours = tmp_path / "ours"
    given = (*asking_nothing(template.address, "template_test"), "--vcs-ref", "HEAD")
    assert main(["new", str(ours), "--quiet", *given]) == 0
    assert git(plain, "rev-parse", "HEAD^{tree}") == git(ours, "rev-parse", "HEAD^{tree}")
    assert git(plain, "log", "--format=%an %ae %s") == git(ours, "log", "--format=%an %ae %s")
    assert git(plain, "status", "--porcelain") == ""

    ended = copy(copier, template, plain, "--data", "project_name=template_test", "--data", f"author={AUTHOR}", *AGAIN)
    assert ended.returncode == 0
    assert "Run the repository's checks: nothing to do" in ended.stderr
    assert git(plain, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.slow
def test_a_refused_answer_leaves_nothing(copier: str, template: TemplateRepository, tmp_path: Path) -> None:
    ended = copy(copier, template, tmp_path / "made", "--data", "project_name=2fast", *HERE)
    assert ended.returncode != 0
    assert "A project name cannot start with a digit" in ended.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_a_set_up_that_fails_leaves_nothing(
    copier: str, template: TemplateRepository, tmp_path: Path, home: Path
) -> None:
    (home / ".gitconfig").unlink()
    ended = copy(copier, template, tmp_path / "made", "--data", "project_name=template_test", *HERE)
    assert ended.returncode != 0
    assert "error[identity-missing]" in ended.stderr
    assert not (tmp_path / "made").exists()

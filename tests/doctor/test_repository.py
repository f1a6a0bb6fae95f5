"""`rnd doctor` in a repository that joined: its level, and what is left of the lint baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.doctor.repository import examine_repository
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("git_of_its_own")
ADOPTED = "_src_path: a\nother_names:\n  package: aligner\n"
BASELINE = (
    "[tool.ruff.lint.per-file-ignores]\n"
    "# What was there when the repository joined. Delete a line once its file is clean.\n"
    '"a.py" = ["B006"]\n'
)


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """A repository that joined, with one file in its baseline."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".copier-answers.yml").write_text(ADOPTED)
    (tmp_path / "pyproject.toml").write_text(BASELINE)
    return tmp_path


def test_what_is_left_of_the_baseline(joined: Path) -> None:
    (joined / "src").mkdir()
    (found,) = examine_repository(joined / "src")
    assert (found.name, found.state) == ("lint baseline", "optional")
    assert found.found == "joined: 1 files break rules, 0 are not formatted, 0 exceptions of hooks"
    (joined / "pyproject.toml").write_text("")
    (found,) = examine_repository(joined)
    assert (found.state, found.found) == ("ok", "in order: nothing is left of it")


@pytest.mark.parametrize("answers", ["_src_path: a\n", "other_names: {}\n", "- a\n"])
def test_other_repositories_have_no_level(joined: Path, answers: str) -> None:
    (joined / ".copier-answers.yml").write_text(answers)
    assert list(examine_repository(joined)) == []


def test_a_folder_outside_of_repositories_has_no_level(tmp_path: Path) -> None:
    assert list(examine_repository(tmp_path)) == []

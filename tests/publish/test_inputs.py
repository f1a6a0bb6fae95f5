"""What an image is made from: each file of it counts, whichever tool has locked the dependencies, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.publish.inputs import read_inputs
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = '[project]\nname = "aligner"\nversion = "1.0.0"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with all that is looked at."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "docker").mkdir()
    for name in ("docker/Dockerfile", "uv.lock", "conda-lock.yml", "README.md"):
        (tmp_path / name).write_text("one")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    git(tmp_path, "add", "--all")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("docker/Dockerfile", True),
        ("pyproject.toml", True),
        ("uv.lock", True),
        ("conda-lock.yml", True),
        ("README.md", False),
    ],
)
def test_a_file_that_changes(folder: Path, name: str, counts: bool) -> None:
    before = read_inputs(folder, "0" * 40, {"aligner.whl": "1" * 64}, {}).digest
    (folder / name).write_text((folder / name).read_text() + "# changed\n")
    assert (read_inputs(folder, "0" * 40, {"aligner.whl": "1" * 64}, {}).digest != before) is counts

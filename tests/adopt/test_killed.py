"""An adoption that is killed: the repository is as before, or has the whole branch; the next run completes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers import existing
from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("git_of_its_own")]
POINTS = 20
LOCK = ".git/refs/heads/rnd/adopt.lock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a setup.py."""
    folder = tmp_path / "old-aligner"
    for name, text in existing.SETUP_PY.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", "v0.3.1")
    return folder


def killed(folder: Path, template: TemplateRepository, temporary: Path, points: int) -> dict[str, Any]:
    """Kill adoptions of a repository, and return what each left behind."""
    temporary.mkdir()
    variables = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.helpers.killed_adoption", str(folder), template.address, str(points)]
    ended = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_killed_at_twenty_points(folder: Path, template: TemplateRepository, tmp_path: Path) -> None:
    found = killed(folder, template, tmp_path / "temporary", POINTS)
    before, whole, results = found["before"], found["whole"], found["results"]
    assert found["programs"] > POINTS
    assert len(whole["commits"]) >= 3
    assert whole["temporary"] == 0
    left = {"locks", "temporary"}
    for one in results:
        seen = {key: value for key, value in one["killed"].items() if key not in left}
        assert seen in [{key: value for key, value in state.items() if key not in left} for state in (before, whole)]
        assert one["again"] == whole
    assert any(one["killed"]["temporary"] for one in results)  # they were killed at work
    assert any(one["killed"]["tree"] is None for one in results)


def test_the_lock_of_a_killed_git_is_removed(folder: Path, template: TemplateRepository, tmp_path: Path) -> None:
    (folder / LOCK).parent.mkdir(parents=True)
    (folder / LOCK).touch()
    os.utime(folder / LOCK, (1, 1))
    found = killed(folder, template, tmp_path / "temporary", 2)
    assert len(found["whole"]["commits"]) >= 3
    assert not (folder / LOCK).exists()

"""`rnd ci install`: exactly what is locked is installed, and a lock that does not fit is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.answers import read_project
from rnd.cli import main
from rnd.environments.environment import environment_of
from tests.helpers.git import git
from tests.helpers.machine import BOTH_TOOLS
from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"uv": ("uv.lock", "pyproject.toml"), "conda": ("conda-lock.yml", "environment.yml")}


@pytest.fixture
def clone(template: TemplateRepository, tmp_path: Path) -> Path:
    """A clone of a repository, with nothing installed yet."""
    rendered = render(template, tmp_path / "made", project_name="aligner")
    environment = environment_of(read_project(rendered))
    (lock,) = environment.lock_step().actions
    lock.run()
    git(rendered, "init", "--quiet")
    git(rendered, "add", "--all")
    git(rendered, "commit", "--quiet", "--message", "feat: all")
    git(tmp_path, "clone", "--quiet", str(rendered), "clone")
    return tmp_path / "clone"


@BOTH_TOOLS
def test_a_job_gets_its_programs_by_name(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    monkeypatch.setenv("GITHUB_PATH", str(tmp_path / "path"))
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "variables"))
    assert main(["ci", "install", str(clone), "--github-environment", "--quiet"]) == 0
    environment = environment_of(read_project(clone))
    assert (tmp_path / "path").read_text() == f"{environment.programs_folder}\n"
    assert (environment.programs_folder / "pytest").exists()
    given = {"uv": "", "conda": f"CONDA_PREFIX={clone / '.conda'}\n"}[tool]
    assert (tmp_path / "variables").read_text() == given
    assert git(clone, "status", "--porcelain") == ""


@BOTH_TOOLS
def test_a_lock_that_does_not_fit_is_refused_and_left_alone(
    clone: Path, tool: str, capfd: pytest.CaptureFixture[str]
) -> None:
    lock, source = FILES[tool]
    before = (clone / lock).read_bytes()
    changed = (clone / source).read_text().replace("dependencies = []", 'dependencies = ["iniconfig"]', 1)
    (clone / source).write_text(changed + "# changed\n")
    assert main(["ci", "install", str(clone)]) == 3
    assert (
        f"error[lock-stale]: The lock file is not up to date: {lock} is out of date with {source}."
        in capfd.readouterr().err
    )
    assert (clone / lock).read_bytes() == before
    assert not (clone / {"uv": ".venv", "conda": ".conda"}[tool]).exists()


def test_outside_of_a_workflow(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_PATH", raising=False)
    assert main(["ci", "install", str(clone), "--github-environment", "--quiet"]) == 2

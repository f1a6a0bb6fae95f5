"""`rnd setup`, on a folder that plain copier has rendered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from tests.helpers.git import git
from tests.helpers.machine import AUTHOR, BOTH_TOOLS
from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.kept import Kept


@pytest.fixture
def rendered(template: TemplateRepository, tmp_path: Path) -> Path:
    """A project as plain copier leaves it, its author's answer empty."""
    return render(template, tmp_path / "made", project_name="speech_alignment")


def results(folder: Path, capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    """Set up a folder and return what became of each step."""
    capfd.readouterr()
    assert main(["setup", str(folder), "--json", *arguments]) == 0
    return {step["key"]: step["result"] for step in json.loads(capfd.readouterr().out)["steps"]}


@BOTH_TOOLS
def test_it_finishes_what_copier_began_and_plans_and_repeats_nothing(
    template: TemplateRepository, tmp_path: Path, rendered: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An author left empty is taken from git, as by `rnd new`."""
    assert "authors = []\n" in (rendered / "pyproject.toml").read_text()
    first = results(rendered, capfd)
    assert [key for key, result in first.items() if result == "applied"] == [
        *("author", "lock", "environment", "repository", "hooks", "checks")
    ]
    assert set(results(rendered, capfd, "--plan").values()) == {"done"}
    assert set(results(rendered, capfd).values()) == {"done"}

    project = (rendered / "pyproject.toml").read_text()
    assert 'authors = [{ name = "Ada Lovelace", email = "ada@example.com" }]\n' in project
    assert f"author: {AUTHOR}\n" in (rendered / ".copier-answers.yml").read_text()
    answered = render(template, tmp_path / "answered", project_name="speech_alignment", author=AUTHOR)
    for name in ("pyproject.toml", ".copier-answers.yml"):
        assert (rendered / name).read_text() == (answered / name).read_text()


@BOTH_TOOLS
def test_a_plan_changes_nothing(rendered: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in rendered.rglob("*")}
    planned = results(rendered, capfd, "--plan")
    assert planned["environment"] == planned["checks"] == "needed"
    assert {path: path.stat().st_mtime_ns for path in rendered.rglob("*")} == before


def test_a_plan_runs_no_program_of_the_repository(
    kept: Kept, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made, trace, program = kept.made, tmp_path / "was-run", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\nexit 1\n")
    program.chmod(0o755)
    python = made / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(program)
    git(made, "config", "core.fsmonitor", str(program))
    (made / "backend.py").write_text(f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n")
    manifest = made / "pyproject.toml"
    text = manifest.read_text().replace("dependencies = []", 'dynamic = ["dependencies"]')
    text = text.replace('build-backend = "uv_build"', 'build-backend = "backend"\nbackend-path = ["."]')
    manifest.write_text(text)
    results(made, capfd, "--plan")
    assert not trace.exists()


def test_a_folder_that_is_no_generated_repository(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", str(tmp_path)]) == 2
    assert f"error[not-generated]: {tmp_path} has no .copier-answers.yml." in capfd.readouterr().err


def test_a_folder_inside_another_repository(rendered: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(rendered.parent, "init", "--quiet")
    assert main(["setup", str(rendered)]) == 2
    assert "is inside another git repository" in capfd.readouterr().err
    assert not (rendered / ".venv").exists()


def test_a_repository_that_the_user_has_made_already(rendered: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(rendered, "init", "--quiet", "--initial-branch=trunk")
    assert results(rendered, capfd)["repository"] == "applied"
    assert git(rendered, "rev-parse", "--abbrev-ref", "HEAD") == "trunk"


@BOTH_TOOLS
def test_a_colleague_s_clone_needs_no_git_identity(
    kept: Kept, tmp_path: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clone = tmp_path / "clone"
    git(kept.made, "clone", "--quiet", ".", str(clone))
    (home / ".gitconfig").unlink()
    applied = [key for key, result in results(clone, capfd).items() if result == "applied"]
    assert applied == ["environment", "hooks", "checks"]


@BOTH_TOOLS
def test_checks_that_find_something_are_shown_and_not_called_passed(
    rendered: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    test = rendered / "tests" / "test_speech_alignment.py"
    test.write_text(test.read_text() + "\n\ndef test_that_fails() -> None:\n    assert len(__name__) == 0\n")
    assert main(["setup", str(rendered)]) == 1
    said = capfd.readouterr().err
    assert "error[checks-failed]: pytest failed in" in said
    assert "assert len(__name__) == 0" in said
    assert main(["setup", str(rendered)]) == 1


def test_uncommitted_work_is_left_to_the_hooks(kept: Kept, capfd: pytest.CaptureFixture[str]) -> None:
    made = kept.made
    git(made, "commit", "--quiet", "--allow-empty", "--message", "docs: say more")
    (made / "README.md").write_text("# mine\n")
    assert results(made, capfd)["checks"] == "done"
    git(made, "checkout", "--quiet", "README.md")
    assert results(made, capfd)["checks"] == "applied"

"""`rnd update`: a repository that was updated equals one made fresh, with the user's edits kept."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest
import yaml

from rnd.answers import read_project
from rnd.cli import main
from rnd.project.update import Target, bring, is_behind
from tests.helpers.git import git
from tests.helpers.machine import BOTH_TOOLS, ROOT
from tests.helpers.template import TemplateRepository, asking_nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.kept import Kept

IGNORED = [f"--exclude={name}" for name in (".git", ".venv", ".conda", ".copier-answers.yml", "__pycache__")]
# With each tool: what the change below brings into the lock file and into the environment.
CHANGED = {
    "uv": ("uv.lock", "pytest-timeout", ".venv/lib/python*/site-packages/pytest_timeout.py"),
    "conda": ("conda-lock.yml", "greeting", ".conda/share/greeting.txt"),
}

ENVIRONMENT = "template/{% if dependency_tool == 'conda' %}environment.yml{% endif %}.jinja"


@pytest.fixture
def template(kept: Kept) -> TemplateRepository:
    """The template, released as 1.0.0."""
    return kept.template


@pytest.fixture
def made(kept: Kept) -> Path:
    """A repository of the template's version 1.0.0."""
    return kept.made


def make(template: TemplateRepository, folder: Path, *arguments: str) -> Path:
    """Make a repository and return its folder."""
    assert main(["new", str(folder), "--quiet", *asking_nothing(template.address), *arguments]) == 0
    return folder


def update(folder: Path, *arguments: str) -> int:
    """Update a repository from the template that it records, which is not the one in org.yml."""
    return main(["update", str(folder), "--template", read_project(folder).source, *arguments])


def release_a_change(template: TemplateRepository) -> None:
    """Change, add and remove a file, and release that as 1.1.0."""
    template.edit("template/.gitignore.jinja", "dist/\n", "dist/\n*.wav\n")
    template.edit(ENVIRONMENT, "  - pip\n", "  - greeting\n  - pip\n")
    template.edit("template/pyproject.toml.jinja", '  "pytest>=8",\n', '  "pytest>=8",\n  "pytest-timeout>=2",\n')
    (template.folder / "template" / "CONTRIBUTING.md").write_text("# Contributing\n")
    (template.folder / "template" / ".vscode" / "extensions.json").unlink()
    template.release("1.1.0")


def difference(one: Path, other: Path) -> str:
    """Compare two repositories, what git and the tools keep aside."""
    caches = ("--exclude=.pytest_cache", "--exclude=.ruff_cache")
    return subprocess.run(
        ["diff", "-r", *IGNORED, *caches, one, other], capture_output=True, text=True, check=False
    ).stdout


@pytest.fixture(scope="module")
def fresh_with(kept_with: Callable[[str], Kept]) -> Callable[[str], Path]:
    """Returns a repository that is made with a tool after the change that `release_a_change` releases."""

    @cache
    def once(tool: str) -> Path:
        kept = kept_with(tool)
        kept.restore()
        release_a_change(kept.template)
        made = make(kept.template, kept.place / "fresh")
        kept.restore()
        return made

    return once


@BOTH_TOOLS
def test_updated_equals_made_fresh(
    fresh_with: Callable[[str], Path], template: TemplateRepository, made: Path, tool: str
) -> None:
    fresh = fresh_with(tool)
    release_a_change(template)
    assert update(made) == 0
    assert difference(made, fresh) == ""
    assert "_commit: 1.1.0\n" in (made / ".copier-answers.yml").read_text()
    lock, package, module = CHANGED[tool]
    assert package in (made / lock).read_text()
    assert list(made.glob(module))


@BOTH_TOOLS
def test_plain_copier_update_and_what_it_says_come_to_the_same(
    fresh_with: Callable[[str], Path], template: TemplateRepository, made: Path, tool: str
) -> None:
    fresh = fresh_with(tool)
    release_a_change(template)
    sync = yaml.safe_load((ROOT / "questions" / "dependency_tools.yml").read_text(encoding="utf-8"))[tool]["sync"]
    updated = subprocess.run(
        ["copier", "update", "--trust", "--defaults"], cwd=made, capture_output=True, text=True, check=True
    )
    assert f"then run `{sync}` and commit" in updated.stderr
    subprocess.run(sync.split(), cwd=made, capture_output=True, check=True)
    assert difference(made, fresh) == ""


def test_the_user_s_edits_are_kept(template: TemplateRepository, made: Path) -> None:
    (made / "src" / "aligner" / "core.py").write_text("# mine\n")
    (made / "README.md").write_text((made / "README.md").read_text().replace("A research project", "My own project"))
    (made / ".editorconfig").unlink()
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--no-verify", "--message", "feat: my own")
    release_a_change(template)
    assert update(made) == 0
    assert (made / "src" / "aligner" / "core.py").read_text() == "# mine\n"
    assert "My own project" in (made / "README.md").read_text()
    assert not (made / ".editorconfig").exists()
    assert "*.wav" in (made / ".gitignore").read_text()


@BOTH_TOOLS
def test_nothing_to_do(made: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", str(made), "--quiet"]) == 0  # another test may have left files whose times are others
    assert update(made, "--json") == 0
    assert {step["result"] for step in json.loads(capfd.readouterr().out)["steps"]} == {"done"}
    assert git(made, "status", "--porcelain") == ""


def test_a_plan_changes_nothing(template: TemplateRepository, made: Path, capfd: pytest.CaptureFixture[str]) -> None:
    release_a_change(template)
    assert update(made, "--plan") == 0
    assert "Apply the template (1.0.0 → 1.1.0)" in capfd.readouterr().out
    assert git(made, "status", "--porcelain") == ""


def test_a_conflict_names_the_files_and_ends_with_1(
    template: TemplateRepository, made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (made / ".gitignore").write_text((made / ".gitignore").read_text().replace("dist/\n", "dist/\n*.mp3\n"))
    git(made, "commit", "--quiet", "--all", "--no-verify", "--message", "chore: ignore mp3")
    release_a_change(template)
    assert update(made) == 1
    said = capfd.readouterr().err
    assert "error[update-conflict]: The template and this repository changed the same lines of:\n  .gitignore\n" in said
    conflict = (made / ".gitignore").read_text()
    assert "<<<<<<<" in conflict
    assert "*.mp3" in conflict
    assert "*.wav" in conflict


def test_uncommitted_changes_are_not_mixed_in(
    template: TemplateRepository, made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    release_a_change(template)
    (made / "README.md").write_text("# mine\n")
    assert update(made) == 2
    assert "error[uncommitted-changes]" in capfd.readouterr().err
    assert git(made, "status", "--porcelain") == " M README.md"


def test_a_template_that_does_not_answer(
    template: TemplateRepository, made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    template.folder.rename(template.folder.with_name("gone"))
    assert update(made) == 1
    assert "error[template-unavailable]" in capfd.readouterr().err


def test_a_copy_of_head_updates_at_the_next_release(template: TemplateRepository, tmp_path: Path) -> None:
    template.edit("template/.gitignore.jinja", "dist/\n", "dist/\n*.flac\n")
    git(template.folder, "commit", "--quiet", "--all", "--message", "feat: ahead of the release")
    made = make(template, tmp_path / "made", "--vcs-ref", "HEAD")
    assert "_commit: 1.0.0-1-g" in (made / ".copier-answers.yml").read_text()
    assert update(made) == 0
    assert git(made, "status", "--porcelain") == ""
    release_a_change(template)
    assert update(made) == 0
    assert "_commit: 1.1.0\n" in (made / ".copier-answers.yml").read_text()
    assert (made / ".gitignore").read_text().count("*.flac") == 1


def test_a_branch_of_the_template_is_updated_to_once(template: TemplateRepository, made: Path) -> None:
    template.edit("template/.gitignore.jinja", "dist/\n", "dist/\n*.flac\n")
    git(template.folder, "commit", "--quiet", "--all", "--message", "feat: ahead of the release")
    assert update(made, "--vcs-ref", "main") == 0
    git(made, "commit", "--quiet", "--all", "--no-verify", "--message", "chore: update")
    assert update(made, "--vcs-ref", "main") == 0
    assert git(made, "status", "--porcelain") == ""


def test_a_conflict_is_not_forgotten_by_the_next_run(
    template: TemplateRepository, made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    test_a_conflict_names_the_files_and_ends_with_1(template, made, capfd)
    assert update(made) == 1
    assert "error[update-conflict]" in capfd.readouterr().err
    git(made, "reset", "--quiet", "--hard")
    assert git(made, "status", "--porcelain") == ""


RELEASE = Target("1.1.0", "a" * 40, frozenset({"1.1.0"}))
BRANCH = Target("main", "b" * 40, frozenset())


@pytest.mark.parametrize(
    ("made_from", "target", "behind"),
    [
        ("1.0.0", RELEASE, True),
        ("1.1.0", RELEASE, False),
        ("1.1.0-3-gccccccc", RELEASE, False),
        ("1.0.0-3-gccccccc", RELEASE, True),
        ("1.0.0-3-gaaaaaaa", RELEASE, False),
        ("v1.0.0", RELEASE, True),
        ("1.9.0", Target("1.10.0", "a" * 40, frozenset({"1.10.0"})), True),
        ("2.0.0", RELEASE, False),
        ("ccccccc", RELEASE, True),
        ("ccccccc", BRANCH, True),
        ("bbbbbbb", BRANCH, False),
        ("1.0.0", BRANCH, True),
        ("1.0.0-3-gbbbbbbb", BRANCH, False),
        ("1.1.0", Target("main", "a" * 40, frozenset({"1.1.0"})), False),
    ],
)
def test_behind_or_not(made_from: str, target: Target, behind: bool) -> None:
    assert is_behind(made_from, target) is behind


def test_a_folder_that_was_copied_is_as_good(tmp_path: Path) -> None:
    """Git notes the time of each file, and a copy has others."""
    folder, clone = tmp_path / "made", tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "notes").write_text("one\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    git(tmp_path, "clone", "--quiet", str(folder), str(clone))
    (clone / "notes").write_text("two\n")
    os.utime(folder / "notes", (0, 0))
    bring(clone, folder)
    assert (folder / "notes").read_text() == "two\n"

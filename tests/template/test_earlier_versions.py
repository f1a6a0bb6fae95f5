"""Repositories of earlier versions of the template: an update brings today's workflows, without a conflict."""

from __future__ import annotations

import filecmp
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest
from copier import run_copy, run_update

from rnd.project import unattended
from tests.helpers.git import git
from tests.helpers.machine import BOTH_TOOLS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

# The first commit that has a template, before jobs for publishing were separate, and the last commit before that.
OLDEST, EARLIER = "070ab64", ("3aa9896", "fe41ec9")


def take(template: TemplateRepository, commit: str) -> str:
    """Make a commit of this repository's history a version of the template, and return its tag."""
    if subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=ROOT, check=False).returncode != 0:
        pytest.skip("this clone has no history")
    git(template.folder, "fetch", "--quiet", str(ROOT), git(ROOT, "rev-parse", commit))
    git(template.folder, "tag", "0.9.0", "FETCH_HEAD")
    return "0.9.0"


def make(template: TemplateRepository, folder: Path, ref: str | None = None, **more: str) -> None:
    """Make a repository of a version of the template."""
    given = {"project_name": "rover", "author": "Ada <ada@example.com>", **more}
    run_copy(template.address, folder, data=given, vcs_ref=ref, defaults=True, unsafe=True, quiet=True, skip_tasks=True)


def files(folder: Path) -> set[str]:
    """Return the files of a repository."""
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return {name for name in found if not name.startswith(".git/")}


def assert_updates(old: Path, new: Path, update: Callable[[Path], object]) -> set[str]:
    """Update a repository, compare it with a new one, and return which files it did not have."""
    before = files(old)
    git(old, "init", "--quiet")
    git(old, "add", "--all")
    git(old, "commit", "--quiet", "--message", "chore: begin")
    update(old)
    wanted = files(new)
    assert filecmp.cmpfiles(new, old, wanted, shallow=False)[1:] == ([], [])
    assert files(old) == wanted
    return wanted - before


@BOTH_TOOLS
@pytest.mark.usefixtures("git_of_its_own")
@pytest.mark.parametrize("commit", EARLIER)
def test_an_update_brings_the_workflows_of_today(
    template: TemplateRepository, commit: str, tool: str, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    make(template, old, take(template, commit), dependency_tool=tool)
    make(template, new, dependency_tool=tool)
    assert (old / ".github" / "workflows" / "push_python_package.yml").read_text().count("push-package@") == 1
    by_copier = partial(run_update, overwrite=True, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    assert assert_updates(old, new, by_copier) == {"AGENTS.md", "CLAUDE.md"}


@pytest.mark.usefixtures("git_of_its_own")
def test_a_repository_of_the_first_template_is_updated(template: TemplateRepository, tmp_path: Path) -> None:
    """As `rnd fleet update` does, which clones each version once."""
    given = {"project_name": "rover", "author": "Ada <ada@example.com>"}
    for version, name in ((take(template, OLDEST), "old"), ("1.0.0", "new")):
        unattended.create(template.address, version, tmp_path / name, given)
    added = assert_updates(tmp_path / "old", tmp_path / "new", lambda folder: unattended.update(folder, "1.0.0"))
    assert added > {"docker/Dockerfile", ".github/workflows/on_pr.yml", "AGENTS.md"}

"""Repositories of earlier versions of the template: an update brings today's workflows, without a conflict."""

from __future__ import annotations

import filecmp
import subprocess
from typing import TYPE_CHECKING

import pytest
from copier import run_copy, run_update

from tests.helpers.git import git
from tests.helpers.machine import BOTH_TOOLS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

# Before jobs for publishing were separate, and the last commit before that.
EARLIER = ("3aa9896", "fe41ec9")


@pytest.fixture(params=EARLIER)
def earlier(request: pytest.FixtureRequest, template: TemplateRepository) -> str:
    """The tag of an earlier version in the template's repository."""
    if subprocess.run(["git", "cat-file", "-e", f"{request.param}^{{commit}}"], cwd=ROOT, check=False).returncode != 0:
        pytest.skip("this clone has no history")
    git(template.folder, "fetch", "--quiet", str(ROOT), git(ROOT, "rev-parse", request.param))
    git(template.folder, "tag", "0.9.0", "FETCH_HEAD")
    return "0.9.0"


@BOTH_TOOLS
@pytest.mark.usefixtures("git_of_its_own")
def test_an_update_brings_the_workflows_of_today(
    template: TemplateRepository, earlier: str, tool: str, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    given = {"project_name": "rover", "author": "Ada <ada@example.com>", "dependency_tool": tool}

    def make(folder: Path, ref: str | None = None) -> None:
        run_copy(
            template.address,
            folder,
            data=given,
            vcs_ref=ref,
            defaults=True,
            unsafe=True,
            quiet=True,
            skip_tasks=True,
        )

    make(old, earlier)
    assert (old / ".github" / "workflows" / "push_python_package.yml").read_text().count("push-package@") == 1
    git(old, "init", "--quiet")
    git(old, "add", "--all")
    git(old, "commit", "--quiet", "--message", "chore: begin")
    run_update(old, overwrite=True, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    make(new)
    found = sorted(file.relative_to(new) for file in new.rglob("*") if file.is_file())
    _, differ, missing = filecmp.cmpfiles(new, old, [str(file) for file in found], shallow=False)
    assert (differ, missing) == ([], [])
    status = git(old, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert [line for line in status if line.startswith("??")] == ["?? AGENTS.md", "?? CLAUDE.md"]

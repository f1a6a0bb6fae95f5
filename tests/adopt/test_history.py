"""What each kind of repository keeps: its files with their history, and its names after two updates by stock copier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from copier import run_update

from rnd import uv
from rnd.adopt import commits
from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.branch import make_branch
from rnd.adopt.place import BRANCH
from rnd.adopt.reading import analyse
from rnd.adopt.repository import look
from rnd.project.template import Template
from rnd.project.update import conflicts
from rnd_rehearsal.template import copy_what_renders
from tests.helpers import existing
from tests.helpers.git import git, make_repository
from tests.helpers.killed_adoption import without_uv
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

pytestmark = pytest.mark.usefixtures("git_of_its_own", "without_locks")
CHANGED = {"pyproject.toml", "environment.yml"}  # get entries
MOVED = {"setup.py", "setup.cfg"}  # their content moves to pyproject.toml, if they declare the package
UPDATED = ("poetry 1", "conda")  # `test_branch.py` has a setup.py


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a folder that is no git repository, which renders in a tenth of the time."""
    return copy_what_renders(ROOT, tmp_path_factory.mktemp("template"))


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock nothing, and let the linter find nothing."""
    monkeypatch.setattr(uv, "attempt", without_uv)
    monkeypatch.setattr(commits, "lock", lambda *_, **__: None)


def adopt(folder: Path, files: dict[str, str], template: Template) -> None:
    """Commit files in a new repository, change each of them in a second commit, and let the repository join."""
    make_repository(folder, files)
    (folder / next(iter(files))).write_text(f"{next(iter(files.values()))}\n\n")
    git(folder, "commit", "--quiet", "--all", "--message", "second")
    there = look(folder, "git@github.com:acme/rnd-template.git")
    found = analyse(there.tree, "v0.3.1", "main")
    settle(found, {})
    answers = derive_answers(found, there.tree, {}, ["3.9", "3.10", "3.11"], "old-aligner")
    make_branch(there, found, answers, template)


@pytest.mark.parametrize("kind", existing.JOINING)
def test_files_stay_as_they_are_and_have_their_history(kind: str, rendered: Path, tmp_path: Path) -> None:
    files = existing.JOINING[kind]
    adopt(tmp_path, files, Template(str(rendered), str(rendered), "HEAD"))
    there = set(git(tmp_path, "ls-tree", "-r", "--name-only", BRANCH).splitlines())
    assert files.keys() - there <= MOVED
    kept = (files.keys() & there) - CHANGED - MOVED
    kept -= {path for path in kept if path.startswith(".github/")}
    assert "README.md" in kept
    assert git(tmp_path, "diff", "--name-only", "main", BRANCH, "--", *kept) == ""
    for path in sorted(files.keys() & there):
        assert git(tmp_path, "log", "--follow", "--format=%s", BRANCH, "--", path).splitlines()[-1] == "first", path


@pytest.mark.slow
def test_names_survive_two_updates_by_stock_copier(template: TemplateRepository, tmp_path: Path) -> None:
    """One template and its two releases for all of them, because a release takes longer than an update."""
    folders = {kind: tmp_path / kind.replace(" ", "-").replace(".", "-") for kind in UPDATED}
    for kind, folder in folders.items():
        adopt(folder, existing.JOINING[kind], Template(template.address, template.address, "1.0.0"))
        git(folder, "switch", "--quiet", BRANCH)
    before = {kind: facts(folder) for kind, folder in folders.items()}
    for number in (1, 2):
        template.edit(
            "template/pyproject.toml.jinja", "show_missing = true", f"show_missing = true\nprecision{number} = 1"
        )
        template.edit("template/docker/build.py.jinja", 'REGISTRY = "', f'RELEASE{number} = 1\nREGISTRY = "')
        template.release(f"{number + 1}.0.0")
        for kind, folder in folders.items():
            run_update(folder, defaults=True, overwrite=True, unsafe=True, quiet=True, skip_tasks=True)
            git(folder, "add", "--all")
            assert conflicts(folder) == [], kind
            git(folder, "commit", "--quiet", "--no-verify", "--message", "update")
    for kind, folder in folders.items():
        assert facts(folder) == before[kind]
        assert "RELEASE2 = 1" in (folder / "docker" / "build.py").read_text()
        assert "precision2 = 1" in (folder / "pyproject.toml").read_text()
        assert (
            git(folder, "log", "--follow", "--format=%s", "--", "src/aligner/__init__.py").splitlines()[-1] == "first"
        )


def facts(folder: Path) -> dict[str, Any]:
    """Return the answers apart from the release, which hold the names of the repository, and its files."""
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    names = answers["other_names"]
    assert (names["package"], names["repository"], names["import_name"]) == ("aligner", "old-aligner", "aligner")
    listed = git(folder, "ls-files").splitlines()
    return {"answers": {key: value for key, value in answers.items() if key != "_commit"}, "files": listed}

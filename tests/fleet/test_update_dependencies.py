"""An update keeps the locked dependencies, or upgrades them where org.yml says so."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd.environments import environment
from rnd.environments.errors import Unsolvable
from rnd.fleet.update.render import Job, render
from rnd.plan import Action, State, Step
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANSWERS = "_commit: 1.0.0\n_src_path: git@github.com:o/t.git\nproject_name: demo\nauthor: ''\npython_version: '3.11'\n"
PROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["tool"]

[tool.uv]
no-index = true
find-links = ["wheels"]
"""


def nothing(_folder: Path, _tag: str) -> None:
    """Stand in for a release that changes no file."""


def wheel(folder: Path, version: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"tool-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tool-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tool\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def job(folder: Path, *, upgrade: bool, **files: str) -> Job:
    """Return a job in a repository with some files."""
    folder.mkdir(exist_ok=True)
    for name, text in {".copier-answers.yml": ANSWERS, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    return Job(folder, git(folder, "rev-parse", "HEAD"), "1.1.0", "1.1.0", folder.parent / "mirror", nothing, upgrade)


@pytest.mark.parametrize(("upgrade", "version"), [(False, "1.0.0"), (True, "1.1.0")])
def test_uv(tmp_path: Path, upgrade: bool, version: str) -> None:
    folder = tmp_path / "0"
    folder.mkdir()
    wheel(folder / "wheels", "1.0.0")
    first = render(job(folder, upgrade=True, **{"pyproject.toml": PROJECT}))
    assert first.lock_error is None
    git(folder, "checkout", "--quiet", "--force", "--detach", first.head)
    wheel(folder / "wheels", "1.1.0")
    found = render(job(folder, upgrade=upgrade))
    assert found.lock_error is None
    lock = git(folder, "show", f"{found.head}:uv.lock")
    assert re.findall(r'name = "tool"\nversion = "(.*)"', lock) == [version]


def locking(action: Callable[[], None]) -> Callable[..., object]:
    """Return a stand-in for the environments of conda, whose lock step does something else."""

    class Environment:
        def lock_step(self) -> Step:
            return Step("lock", "Lock", lambda: State(done=False, evidence=""), (Action("lock", action),))

    return lambda _project: Environment()


def test_conda_makes_a_new_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "0"
    files = {
        ".copier-answers.yml": f"{ANSWERS}dependency_tool: conda\n",
        "environment.yml": "dependencies: []\n",
        "conda-lock.yml": "old\n",
    }

    def write() -> None:
        assert not (folder / "conda-lock.yml").exists()
        (folder / "conda-lock.yml").write_text("new\n", encoding="utf-8")

    monkeypatch.setattr(environment, "environment_of", locking(write))
    found = render(job(folder, upgrade=True, **files))
    assert (found.error, found.lock_error) == (None, None)
    assert git(folder, "show", f"{found.head}:conda-lock.yml") == "new"


def test_conda_keeps_the_lock_file_if_nothing_can_be_solved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        ".copier-answers.yml": f"{ANSWERS}dependency_tool: conda\n",
        "environment.yml": "dependencies: []\n",
        "conda-lock.yml": "old\n",
    }

    def fail() -> None:
        raise Unsolvable("There is no tool.")

    monkeypatch.setattr(environment, "environment_of", locking(fail))
    found = render(job(tmp_path / "0", upgrade=True, **files))
    assert found.lock_error == "There is no tool."
    assert git(tmp_path / "0", "show", f"{found.head}:conda-lock.yml") == "old"

"""An update keeps the locked dependencies, or upgrades them where org.yml says so, apart from young versions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rnd.answers import read_project
from rnd.environments.conda import rattler
from rnd.environments.errors import Unsolvable
from rnd.fleet.update import locking
from rnd.fleet.update.render import Job, render
from rnd_rehearsal.framework_index import serve, write_wheel
from tests.helpers.git import git

if TYPE_CHECKING:
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


def add(folder: Path, version: str) -> None:
    """Add a wheel to the folder that the repository takes its packages from."""
    made = write_wheel(folder / "wheels", "tool", version, "")
    made.rename(folder / "wheels" / made.name)


def job(folder: Path, *, upgrade: bool, **files: str) -> Job:
    """Return a job in a repository with some files."""
    folder.mkdir(exist_ok=True)
    for name, text in {".copier-answers.yml": ANSWERS, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    head, mirror = git(folder, "rev-parse", "HEAD"), folder.parent / "mirror"
    return Job(folder, head, "1.1.0", "1.1.0", mirror, nothing, upgrade, timedelta(days=7))


@pytest.mark.parametrize(("upgrade", "version"), [(False, "1.0.0"), (True, "1.1.0")])
def test_uv(tmp_path: Path, upgrade: bool, version: str) -> None:
    folder = tmp_path / "0"
    folder.mkdir()
    add(folder, "1.0.0")
    first = render(job(folder, upgrade=True, **{"pyproject.toml": PROJECT}))
    assert first.lock_error is None
    git(folder, "checkout", "--quiet", "--force", "--detach", first.head)
    add(folder, "1.1.0")
    found = render(job(folder, upgrade=upgrade))
    assert found.lock_error is None
    lock = git(folder, "show", f"{found.head}:uv.lock")
    assert re.findall(r'name = "tool"\nversion = "(.*)"', lock) == [version]


WITH_INDEXES = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["frame", "trainer"]

[tool.uv.sources]
frame = {{ index = "builds" }}

[[tool.uv.index]]
name = "builds"
url = "{address}/cpu"
explicit = true

[[tool.uv.index]]
name = "dated"
url = "{address}/all"
default = true
"""


@pytest.mark.parametrize(
    ("locked", "newer", "expected"),
    [
        (60, (30, 1), "1.1.0"),  # days since the uploads of 1.0.0, 1.1.0 and 1.2.0
        (3, (2, 1), "1.0.0"),  # a locked version that is young stays
    ],
)
def test_the_cooldown(tmp_path: Path, locked: int, newer: tuple[int, int], expected: str) -> None:
    """A young version is left out; an index without upload times, such as PyTorch's, has no young versions."""
    days = dict(zip(("1.0.0", "1.1.0", "1.2.0"), (locked, *newer), strict=True))
    with serve(tmp_path / "whl") as builds:
        builds.publish_framework("1.0.0")
        builds.publish_trainer("1.0.0", datetime.now(UTC) - timedelta(days=days["1.0.0"]))
        given = job(tmp_path / "0", upgrade=False, **{"pyproject.toml": WITH_INDEXES.format(address=builds.address)})
        assert locking.lock(read_project(given.folder), upgrade=False, cooldown=timedelta()) is None
        for version in ("1.1.0", "1.2.0"):
            builds.publish_framework(version)
            builds.publish_trainer(version, datetime.now(UTC) - timedelta(days=days[version]))
        for cooldown, wanted in ((7, expected), (0, "1.2.0")):
            assert locking.lock(read_project(given.folder), upgrade=True, cooldown=timedelta(days=cooldown)) is None
            lock = (given.folder / "uv.lock").read_text(encoding="utf-8")
            found = dict(re.findall(r'name = "(frame|trainer)"\nversion = "(.*)"', lock))
            assert found == {"frame": "1.2.0+cpu", "trainer": wanted}
            # The repository has no cooldown of its own: with one in its lock file, the hook that checks it would fail.
            assert "exclude-newer" not in lock


def test_a_cooldown_of_the_repository_is_kept(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\nexclude-newer = "30 days"\n', encoding="utf-8")
    assert locking.cooldown_options(tmp_path, datetime.now(UTC)) == ()


@pytest.mark.parametrize("text", ["[", "tool = 1", "[tool]\nuv = 1\n"])
def test_a_damaged_manifest_is_left_to_uv(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "uv.lock").write_text(text, encoding="utf-8")
    newest = datetime(2026, 11, 1, tzinfo=UTC)
    assert locking.cooldown_options(tmp_path, newest) == ("--exclude-newer", "2026-11-01T00:00:00+00:00")


def test_conda_makes_a_new_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "0"
    files = {
        ".copier-answers.yml": f"{ANSWERS}dependency_tool: conda\n",
        "environment.yml": "dependencies: []\n",
        "conda-lock.yml": "old\n",
    }

    def write(_folder: Path, cooldown: timedelta | None) -> None:
        assert cooldown == timedelta(days=7)
        assert not (folder / "conda-lock.yml").exists()
        (folder / "conda-lock.yml").write_text("new\n", encoding="utf-8")

    monkeypatch.setattr(rattler, "lock", write)
    found = render(job(folder, upgrade=True, **files))
    assert (found.error, found.lock_error) == (None, None)
    assert git(folder, "show", f"{found.head}:conda-lock.yml") == "new"


def test_conda_keeps_the_lock_file_if_nothing_can_be_solved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        ".copier-answers.yml": f"{ANSWERS}dependency_tool: conda\n",
        "environment.yml": "dependencies: []\n",
        "conda-lock.yml": "old\n",
    }

    def fail(*_: object) -> None:
        raise Unsolvable("There is no tool.")

    monkeypatch.setattr(rattler, "lock", fail)
    found = render(job(tmp_path / "0", upgrade=True, **files))
    assert found.lock_error == "There is no tool."
    assert git(tmp_path / "0", "show", f"{found.head}:conda-lock.yml") == "old"

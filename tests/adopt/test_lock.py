"""What other lock files list is locked in the same versions, although an index has newer ones."""

from __future__ import annotations

import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd.adopt.lock import keep_versions, lock

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "aligner"
version = "0.3.1"
requires-python = ">=3.9"
dependencies = ["words"]

[dependency-groups]
dev = ["checker>=2"]

[tool.uv]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and an index on this machine: words 1 and 2, checker 1 and 2, which needs numbers from its version."""
    index = tmp_path / "index"
    index.mkdir()
    for name, requires in (("words", ""), ("numbers", ""), ("checker", "Requires-Dist: numbers>={0}\n")):
        for version in ("1.0", "2.0"):
            with zipfile.ZipFile(index / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
                info = f"{name}-{version}.dist-info"
                metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires.format(version)}"
                wheel.writestr(f"{info}/METADATA", metadata)
                wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    monkeypatch.setenv("UV_OFFLINE", "1")
    folder = tmp_path / "aligner"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(MANIFEST)
    return folder


def locked(folder: Path) -> dict[str, str]:
    packages = tomllib.loads((folder / "uv.lock").read_text())["package"]
    return {one["name"]: one["version"] for one in packages if one["name"] != "aligner"}


def test_nothing_is_upgraded(project: Path) -> None:
    assert keep_versions(project, MANIFEST, {"words": "1.0", "absent": "3"}, "3.11") == []
    assert lock(project, "uv", "3.11") is None
    assert locked(project) == {"words": "1.0", "checker": "2.0", "numbers": "2.0"}
    assert (project / "pyproject.toml").read_text() == MANIFEST


def test_versions_that_the_tools_of_the_template_exclude_are_reported(project: Path) -> None:
    versions = {"words": "1.0", "numbers": "1.0"}
    assert keep_versions(project, MANIFEST, versions, "3.11") == ["numbers==1.0"]
    assert lock(project, "uv", "3.11") is None
    assert locked(project) == {"words": "1.0", "checker": "2.0", "numbers": "2.0"}


def test_requirements_that_no_index_has_are_the_reason_why_nothing_is_locked(project: Path) -> None:
    manifest = MANIFEST.replace('"words"', '"words>=3"')
    (project / "pyproject.toml").write_text(manifest)
    assert keep_versions(project, manifest, {"numbers": "2.0"}, "3.11") == ["numbers==2.0"]
    assert "words" in (lock(project, "uv", "3.11") or "")

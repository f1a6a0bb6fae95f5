"""What the files of a uv project say, without uv. Each case is compared with uv's own answer."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.environments.uv_files import differs_from_environment, differs_from_lock

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["iniconfig>=2"]
[project.optional-dependencies]
more = ["pluggy>=1,<2"]
[dependency-groups]
dev = [{ include-group = "test" }]
test = ["packaging>=23"]
[tool.uv]
package = false
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A locked project."""
    (tmp_path / "pyproject.toml").write_text(MANIFEST)
    process.run("uv", "lock", "--quiet", cwd=tmp_path)
    return tmp_path


def uv_agrees(folder: Path) -> bool:
    """Return whether uv takes the lock file for up to date."""
    return process.attempt("uv", "lock", "--check", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("", "", None),
        ('"iniconfig>=2"', '"iniconfig >= 2"', None),
        ('"iniconfig>=2"', '"iniconfig>=1"', "uv.lock is out of date for iniconfig"),
        ('"iniconfig>=2"', "", "uv.lock is out of date for iniconfig"),
        ("pluggy>=1,<2", "pluggy<2,>=1", None),
        ("pluggy>=1,<2", "pluggy>=1", "uv.lock is out of date for pluggy"),
        ('"packaging>=23"', '"packaging>=22"', "uv.lock is out of date for packaging"),
    ],
)
def test_requirements_are_compared_with_the_lock(project: Path, old: str, new: str, differing: str | None) -> None:
    (project / "pyproject.toml").write_text(MANIFEST.replace(old, new))
    assert differs_from_lock(project) == differing
    assert uv_agrees(project) is (differing is None)


@pytest.mark.parametrize(
    "text", ["", "[project]\n", "[[", 'project = 1\nname = "x"', MANIFEST.replace('"test" }', '"dev" }')]
)
def test_a_manifest_that_cannot_be_compared(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert str(differs_from_lock(project)).startswith("uv.lock cannot be compared with pyproject.toml: ")


def test_an_environment_is_compared_with_the_lock(project: Path) -> None:
    process.run("uv", "sync", "--quiet", "--all-extras", cwd=project)
    assert differs_from_environment(project) is None
    lock = project / "uv.lock"
    version = subprocess.run(
        [
            project / ".venv" / "bin" / "python",
            "-c",
            "from importlib.metadata import version; print(version('pluggy'))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    lock.write_text(
        lock.read_text().replace(f'name = "pluggy"\nversion = "{version}"', 'name = "pluggy"\nversion = "0.1"')
    )
    assert differs_from_environment(project) == ".venv has another pluggy than uv.lock"

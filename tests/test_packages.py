"""What the wheels of the workspace contain, and what they import of each other."""

from __future__ import annotations

import ast
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.project.template import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

FAKE_GITHUB = CHECKOUT / "packages" / "fake-github"
MODULES = {"rnd_template": "rnd", "rnd_rehearsal": "rnd_rehearsal", "fake_github": "fake_github"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[zipfile.ZipInfo]]:
    """The files of each wheel, by the distribution's name."""
    folder = tmp_path_factory.mktemp("wheels")
    process.run("uv", "build", "--quiet", "--wheel", "--all-packages", "--out-dir", str(folder), cwd=CHECKOUT)
    return {wheel.name.partition("-")[0]: zipfile.ZipFile(wheel).infolist() for wheel in folder.glob("*.whl")}


def test_each_wheel_contains_its_own_package_only(wheels: dict[str, list[zipfile.ZipInfo]]) -> None:
    assert set(wheels) == set(MODULES)
    for distribution, files in wheels.items():
        top = {file.filename.partition("/")[0] for file in files}
        assert top == {MODULES[distribution], f"{distribution}-0.1.0.dist-info"}


def test_the_tool_comes_with_the_organisations_values(wheels: dict[str, list[zipfile.ZipInfo]]) -> None:
    (values,) = (file for file in wheels["rnd_template"] if file.filename == "rnd/organisation/org.yml")
    assert stat.S_ISREG(values.external_attr >> 16)
    assert values.file_size == (CHECKOUT / "org.yml").stat().st_size


def test_the_fake_github_comes_with_its_data(wheels: dict[str, list[zipfile.ZipInfo]]) -> None:
    names = {file.filename for file in wheels["fake_github"]}
    assert {"fake_github/node/package-lock.json", "fake_github/pytest_plugin.py"} <= names
    assert "fake_github-0.1.0.dist-info/entry_points.txt" in names


@pytest.mark.parametrize("file", sorted(FAKE_GITHUB.rglob("*.py")), ids=lambda file: file.name)
def test_the_fake_github_imports_nothing_of_the_tool(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported}.isdisjoint({"rnd", "rnd_rehearsal", "tests", "scripts"})

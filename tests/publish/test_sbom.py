"""What a package depends on, as CycloneDX: of either lock file, and held to CycloneDX's own schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli, process
from rnd.environments.conda.lockfile import LockedPackage, write_lock
from rnd.environments.conda.rattler import this_platform
from rnd.environments.conda.specification import Specification
from rnd.publish.sbom import package_url
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

HERE = this_platform()
CHANNEL = "https://conda.example.com/acme"
PYTHON = LockedPackage(
    "python", "3.11.7", HERE, f"{CHANNEL}/{HERE}/python-3.11.7-0_x.conda", "0" * 32, "1" * 64, {"tzdata": ""}
)
TZDATA = LockedPackage("tzdata", "2026a", HERE, f"{CHANNEL}/noarch/tzdata-2026a-h0.tar.bz2", "2" * 32, None, {})
PYPROJECT = """\
[project]
name = "aligner"
version = "0.4.1"
requires-python = ">=3.11"
dependencies = []
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository to stand in."""
    folder = tmp_path / "aligner"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    git(folder, "init", "--quiet")
    monkeypatch.chdir(folder)
    return folder


def written(tmp_path: Path) -> Path:
    """Run the command, and return the file that it wrote."""
    path = tmp_path / "package.cdx.json"
    assert cli.main(["release", "sbom", str(path)]) == 0
    return path


def lock_for_conda(folder: Path) -> None:
    (folder / "environment.yml").touch()
    write_lock(folder, Specification((CHANNEL,), {HERE: ("python",)}, {}), [PYTHON, TZDATA])


def test_of_a_uv_lock(repository: Path, tmp_path: Path) -> None:
    process.run("uv", "lock", cwd=repository)
    document = json.loads(written(tmp_path).read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert document["metadata"]["component"]["name"] == "aligner"


def test_of_a_conda_lock(repository: Path, tmp_path: Path) -> None:
    lock_for_conda(repository)
    document = json.loads(written(tmp_path).read_text())
    own = document["metadata"]["component"]
    assert (own["name"], own["version"]) == ("aligner", "0.4.1")
    assert [component["name"] for component in document["components"]] == ["python", "tzdata"]
    assert document["components"][0]["hashes"] == [
        {"alg": "MD5", "content": "0" * 32},
        {"alg": "SHA-256", "content": "1" * 64},
    ]
    assert {"ref": package_url(PYTHON), "dependsOn": [package_url(TZDATA)]} in document["dependencies"]


def test_package_urls() -> None:
    assert package_url(PYTHON) == f"pkg:conda/python@3.11.7?build=0_x&channel=acme&subdir={HERE}&type=conda"
    assert package_url(TZDATA) == "pkg:conda/tzdata@2026a?build=h0&channel=acme&subdir=noarch&type=tar.bz2"


@pytest.mark.slow
def test_it_keeps_the_schema(repository: Path, tmp_path: Path) -> None:
    lock_for_conda(repository)
    validate = """if True:
        import pathlib, sys
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(pathlib.Path(sys.argv[1]).read_text())
        sys.exit(0 if fault is None else str(fault))
    """
    library = ("uv", "run", "--no-project", "--isolated", "--with", "cyclonedx-python-lib[json-validation]>=8,<12")
    path = written(tmp_path)
    process.run(*library, "python", "-c", validate, str(path))
    path.write_text(path.read_text().replace('"library"', '"book"'))
    assert process.attempt(*library, "python", "-c", validate, str(path)).returncode != 0

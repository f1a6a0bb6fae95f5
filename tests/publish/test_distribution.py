"""The wheel and the source distribution: the same bytes from the same commit, and fit to be published."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd import manifest
from rnd.publish.distribution import build, examine
from rnd.publish.errors import PackageInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.repository import Repository

README = "\n# A demonstration\n"


@pytest.mark.parametrize("backend", ["uv_build", pytest.param("hatchling", marks=pytest.mark.slow)])
def test_the_same_commit_makes_the_same_bytes(package: Repository, tmp_path: Path, backend: str) -> None:
    if backend == "hatchling":
        text = (package.path / "pyproject.toml").read_text().partition("[build-system]")[0]
        text += '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        text += '[tool.hatch.build.targets.wheel]\npackages = ["src/demo"]\n'
        (package.path / "pyproject.toml").write_text(text)
    first = build(package.path, tmp_path / "first")
    copy = tmp_path / "elsewhere"
    shutil.copytree(package.path, copy)
    for path in copy.rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    mask = os.umask(0o077)
    try:
        second = build(copy, tmp_path / "second")
    finally:
        os.umask(mask)
    assert [made.sha256 for made in first] == [made.sha256 for made in second]
    assert [made.kind for made in first] == ["wheel", "sdist"]
    assert {(made.project, made.version) for made in first} == {("acme-demo", "0.4.1")}


def test_a_later_commit_makes_other_bytes(package: Repository, tmp_path: Path) -> None:
    first = build(package.path, tmp_path / "first")
    (package.path / "src" / "demo" / "__init__.py").write_text('"""Another demonstration."""\n')
    second = build(package.path, tmp_path / "second")
    assert {made.sha256 for made in first}.isdisjoint(made.sha256 for made in second)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('version = "0.4.1"', 'version = "0.4.1-rc.1"', "its version is 0.4.1rc1, and pyproject.toml has 0.4.1-rc.1"),
        ('version = "0.4.1"', 'version = "0.5.0.dev0+0123456"', "its version is 0.5.0.dev0+123456, and pyproject.toml"),
        ('readme = "README.md"\n', "", "there is no README: give `[project]` a `readme`"),
    ],
)
def test_what_is_not_fit_is_refused(package: Repository, tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (package.path / "pyproject.toml").read_text()
    assert old in text
    (package.path / "pyproject.toml").write_text(text.replace(old, new))
    with pytest.raises(PackageInvalid) as caught:
        build(package.path, tmp_path / "built")
    assert len(caught.value.message.splitlines()) == 2, "one line for each file"
    assert said in caught.value.message


def wheel(folder: Path, metadata: str) -> Path:
    """Write a wheel of nothing but metadata."""
    path = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", metadata)
    return path


def metadata(*fields: str, readme: str = README) -> str:
    """Return core metadata of a package that is all right, with more or other fields."""
    names = {field.partition(":")[0] for field in fields}
    right = ("Metadata-Version: 2.4", "Name: demo", "Version: 1.0", "Description-Content-Type: text/markdown")
    return "\n".join([*(line for line in right if line.partition(":")[0] not in names), *fields]) + "\n" + readme


def test_metadata_that_is_right(tmp_path: Path) -> None:
    assert list(examine("wheel", wheel(tmp_path, metadata()), "demo", "1.0")) == []
    rst = metadata("Description-Content-Type: text/x-rst", readme="\nTitle\n=====\n\n`link <https://example.org>`_\n")
    assert list(examine("wheel", wheel(tmp_path, rst), "demo", "1.0")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (metadata("Name: other"), "its name is other, and pyproject.toml has demo"),
        (metadata("Version: 1.1"), "its version is 1.1, and pyproject.toml has 1.0"),
        (metadata("Version: one"), "'one' is invalid for 'version'"),
        (metadata("License-Expression: Something"), "license-expression"),
        (metadata("Requires-Dist: not a requirement"), "requires-dist"),
        (metadata("Nonsense: 1"), "nonsense"),
        (metadata(readme="\n"), "there is no README"),
        (metadata("Description-Content-Type: text/html"), "description-content-type"),
        (metadata("Description-Content-Type: text/x-rst", readme="\nTitle\n=\n\n`broken`_\n"), "cannot be rendered"),
        (metadata().replace("Description-Content-Type: text/markdown\n", ""), "what its README is written in"),
    ],
)
def test_metadata_that_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    faults = list(examine("wheel", wheel(tmp_path, text), "demo", "1.0"))
    assert faults
    assert all(fault.startswith("demo-1.0-py3-none-any.whl: ") for fault in faults)
    assert said in "\n".join(faults)


def test_files_without_metadata(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "demo-1.0-py3-none-any.whl", "w").close()
    tarfile.open(tmp_path / "demo-1.0.tar.gz", "w:gz").close()
    (tmp_path / "demo-1.1.tar.gz").write_bytes(b"nothing")
    for kind, name in (
        ("wheel", "demo-1.0-py3-none-any.whl"),
        ("sdist", "demo-1.0.tar.gz"),
        ("sdist", "demo-1.1.tar.gz"),
    ):
        with pytest.raises(PackageInvalid, match=f"{name} holds no metadata"):
            list(examine(kind, tmp_path / name, "demo", "1.0"))


def encrypt(content: bytearray) -> None:
    """Set the flag of encryption, in both headers of the only file."""
    for header, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(header) + place] |= 1


def name_another_method(content: bytearray) -> None:
    """Name a method of compression that does not exist."""
    for header, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        content[content.index(header) + place] = 99


def break_the_data(content: bytearray) -> None:
    """Replace compressed data."""
    content[60:90] = b"\xff" * 30


@pytest.mark.parametrize(
    ("method", "damage"),
    [
        (zipfile.ZIP_DEFLATED, encrypt),
        (zipfile.ZIP_DEFLATED, name_another_method),
        (zipfile.ZIP_DEFLATED, break_the_data),
        (zipfile.ZIP_LZMA, break_the_data),
        (zipfile.ZIP_BZIP2, break_the_data),
    ],
)
def test_a_wheel_that_another_job_damaged(tmp_path: Path, method: int, damage: Callable[[bytearray], None]) -> None:
    """The step that publishes reads it, so each form of damage is an error of the catalogue."""
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", metadata(readme="\n" + "A demonstration. " * 99))
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    with pytest.raises(PackageInvalid, match="holds no metadata"):
        list(examine("wheel", path, "demo", "1.0"))


def test_a_small_file_with_much_metadata(tmp_path: Path) -> None:
    much = metadata(readme="\n" + "a" * 2**23)
    path = wheel(tmp_path, much)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", much)
    with pytest.raises(PackageInvalid, match="more than 8388608 bytes"):
        list(examine("wheel", path, "demo", "1.0"))
    (tmp_path / "PKG-INFO").write_text(much, encoding="utf-8")
    with tarfile.open(tmp_path / "demo-1.0.tar.gz", "w:gz") as sdist:
        sdist.add(tmp_path / "PKG-INFO", "demo-1.0/PKG-INFO")
    with pytest.raises(PackageInvalid, match="more than 8388608 bytes"):
        list(examine("sdist", tmp_path / "demo-1.0.tar.gz", "demo", "1.0"))


def test_the_name_is_the_manifest_s(package: Repository) -> None:
    assert manifest.read_name(package.path) == "Acme.Demo"

"""The version in two files: only it changes, in both, however they are written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import manifest
from rnd.errors import ManifestInvalid

if TYPE_CHECKING:
    from pathlib import Path

UV = os.environ.get("UV") or shutil.which("uv") or "uv"
COMMENTED = """\
# version = "0.4.1" is what this file begins with
[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"

[project]  # PEP 621
name = "Demo.Project_1"
version   =   "0.4.1"   # set by the pipeline; "0.4.1" at first
requires-python = ">=3.8"
description = '''
[project]
version = "0.4.1"
'''

[tool.other]
version = "0.4.1"
"""
LOCKED = """\
version = 1
revision = 3
requires-python = ">=3.8"

[[package]]
name = "demo"
version = "0.4.1"
source = { registry = "https://packages.example.com/simple" }

[[package]]
name = "demo-project-1"
version = "0.4.1"
source = { editable = "." }
"""


def write(folder: Path, text: str, lock: str | None = None) -> Path:
    (folder / "pyproject.toml").write_bytes(text.encode())
    if lock is not None:
        (folder / "uv.lock").write_bytes(lock.encode())
    return folder


def read(folder: Path, file: str = "pyproject.toml") -> str:
    return (folder / file).read_bytes().decode()


WRITE = {"pyproject.toml": manifest.write_version, "uv.lock": manifest.write_lock_version}


def test_only_the_version_of_the_project_changes(tmp_path: Path) -> None:
    manifest.write_version(write(tmp_path, COMMENTED), "0.5.0")
    assert read(tmp_path) == COMMENTED.replace('version   =   "0.4.1"', 'version   =   "0.5.0"')
    assert manifest.read_version(tmp_path) == "0.5.0"


def test_only_the_version_of_the_project_changes_in_the_lock_file(tmp_path: Path) -> None:
    manifest.write_lock_version(write(tmp_path, COMMENTED, LOCKED), "0.5.0")
    assert read(tmp_path, "uv.lock") == LOCKED.replace(
        'name = "demo-project-1"\nversion = "0.4.1"', 'name = "demo-project-1"\nversion = "0.5.0"'
    )
    assert manifest.read_lock_version(tmp_path) == "0.5.0"


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "a"\nversion = "0.4.1"',
        "[project]\nname = 'a'\nversion = '0.4.1'\n",
        '[ project ]\n"name" = "a"\n"version" = "0.4.1"\n',
        '[project]\r\nname = "a"\r\nversion = "0.4.1"\r\n',
        'project.name = "a"\nproject.version = "0.4.1"\n',
        'project = { name = "a", version = "0.4.1" }\n',
        '[project]\nname = "a"\nversion = """0.4.1"""\n',
        '[tool.a]\nversion = "0.4.1"\n[project]\nname = "0.4.1"\nversion = "0.4.1"\n',
        '[project]\nname = "a"\nkeywords = ["0.4.1"]\nversion = "0.4.1" # ü\n',
    ],
)
def test_every_way_to_write_it(tmp_path: Path, text: str) -> None:
    manifest.write_version(write(tmp_path, text), "1.0.0")
    assert manifest.read_version(tmp_path) == "1.0.0"
    manifest.write_version(tmp_path, "0.4.1")
    assert read(tmp_path) == text


@pytest.mark.parametrize("around", ["# ", "[tool.a]\nversion = ", "[tool]\na = [1, 2]\nb = ", "[other]\nversion = "])
def test_what_stands_around_it_stays(tmp_path: Path, around: str) -> None:
    other, own = f'{around}"0.4.1"\n', '[project]\nname = "a"\nversion = "0.4.1"\n'
    changed = own.replace("0.4.1", "0.5.0")
    for before, after in ((other + own, other + changed), (own + other, changed + other)):
        manifest.write_version(write(tmp_path, before), "0.5.0")
        assert read(tmp_path) == after


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"no `\[project\]` table"),
        ("project = 1", r"no `\[project\]` table"),
        ('[project]\nname = "a"\ndynamic = ["version"]', "no `version`"),
        ('[project]\nname = "a"\nversion = 1', "no `version`"),
        ('[project]\nversion = "0.4.1"', "no `name`"),
        ("[project", "is not valid TOML"),
        ("a = " + "[" * 100_000, "is not valid TOML"),
        ('\ufeff[project]\nname = "a"\nversion = "0.4.1"', "is not valid TOML"),
    ],
)
def test_a_manifest_without_a_version_of_its_own(tmp_path: Path, text: str, complaint: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ManifestInvalid, match=complaint):
        manifest.write_version(tmp_path, "0.5.0")
    assert read(tmp_path) == text


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"pyproject\.toml cannot be read"):
        manifest.read_version(tmp_path)


def test_a_manifest_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestInvalid, match=r"pyproject\.toml cannot be read"):
        manifest.read_version(tmp_path)


def test_a_version_in_disguise_is_left_alone(tmp_path: Path) -> None:
    text = '[project]\nname = "a"\nversion = "0\\u002e4.1"\n'
    write(tmp_path, text)
    with pytest.raises(ManifestInvalid, match="in a way that cannot be edited"):
        manifest.write_version(tmp_path, "0.5.0")
    assert read(tmp_path) == text


def test_no_lock_file_is_no_error(tmp_path: Path) -> None:
    assert manifest.read_lock_version(write(tmp_path, COMMENTED)) is None


def test_a_lock_file_of_another_project(tmp_path: Path) -> None:
    write(tmp_path, COMMENTED.replace("Demo.Project_1", "other"), LOCKED)
    with pytest.raises(ManifestInvalid, match=r"uv\.lock does not contain other itself"):
        manifest.write_lock_version(tmp_path, "0.5.0")
    assert read(tmp_path, "uv.lock") == LOCKED


def test_permissions_stay_and_nothing_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path, COMMENTED)
    (tmp_path / "pyproject.toml").chmod(0o640)
    manifest.write_version(tmp_path, "0.5.0")
    assert manifest.read_version(tmp_path) == "0.5.0"
    assert stat.S_IMODE((tmp_path / "pyproject.toml").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.lock"])
def test_a_link_is_not_followed(tmp_path: Path, file: str) -> None:
    """A repository could lead the writing to a file of the user's."""
    here = tmp_path / "here"
    here.mkdir()
    write(here, COMMENTED, LOCKED)
    (here / file).rename(tmp_path / file)
    (here / file).symlink_to(tmp_path / file)
    before = read(tmp_path, file)
    for call in (manifest.check_writable, lambda folder: WRITE[file](folder, "0.5.0")):
        with pytest.raises(ManifestInvalid, match="is a link"):
            call(here)
    assert read(tmp_path, file) == before


def test_a_link_in_the_partial_file_s_place_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, COMMENTED)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / f"pyproject.toml.{os.getpid()}.partial").symlink_to(tmp_path / "mine")
    manifest.write_version(tmp_path, "0.5.0")
    assert read(tmp_path, "mine") == "mine"
    assert manifest.read_version(tmp_path) == "0.5.0"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, COMMENTED)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        manifest.write_version(tmp_path, "0.5.0")
    assert read(tmp_path) == COMMENTED
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize("package", [True, False], ids=["editable", "virtual"])
@pytest.mark.parametrize("version", ["0.5.0", "0.5.0.dev0+0a1b2c3"])
def test_the_outcome_is_that_of_uv(tmp_path: Path, package: bool, version: str) -> None:
    def uv(folder: Path, *arguments: str) -> None:
        subprocess.run([UV, *arguments, "--offline"], cwd=folder, check=True, capture_output=True)

    extra = "\n[project.optional-dependencies]\nself = ['demo-project-1']\n"
    text = COMMENTED + extra + f"\n[tool.uv]\npackage = {str(package).lower()}\n"
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        write(folder, text)
        uv(folder, "lock")
    uv(theirs, "version", version, "--no-sync")
    manifest.write_version(ours, version)
    manifest.write_lock_version(ours, version)
    for file in ("pyproject.toml", "uv.lock"):
        assert read(ours, file) == read(theirs, file)
    uv(ours, "lock", "--check")


@pytest.mark.parametrize("edit", ["", "more"])
def test_a_change_of_the_version_alone_is_told_from_others(tmp_path: Path, edit: str) -> None:
    write(tmp_path, COMMENTED)
    subprocess.run([UV, "lock", "--offline"], cwd=tmp_path, check=True, capture_output=True)
    before = {file: read(tmp_path, file) for file in ("pyproject.toml", "uv.lock")}
    manifest.write_version(tmp_path, "0.5.0")
    manifest.write_lock_version(tmp_path, "0.5.0")
    for file in before:
        if edit:
            (tmp_path / file).write_text(read(tmp_path, file) + '\n[more]\nversion = "0.4.1"\n')
        assert manifest.differs_in_more_than_version(tmp_path, file, before[file]) is bool(edit)

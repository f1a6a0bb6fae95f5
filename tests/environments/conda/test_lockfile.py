"""conda-lock.yml: what is written is read again, by us and by the ecosystem's own reader."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import rattler

from rnd import process
from rnd.environments.conda.lockfile import LOCK, LockedPackage, fits, read_lock, write_lock
from rnd.environments.conda.specification import Specification
from rnd.environments.errors import LockInvalid

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = LockedPackage(
    name="python",
    version="3.10",  # a number, to YAML that is careless
    platform="linux-64",
    url="https://conda.example.com/acme/linux-64/python-3.10-0_cpython.conda",
    md5="0" * 32,
    sha256="1" * 64,
    dependencies={"libffi": ">=3.4,<4.0a0", "python_abi": "3.10.* *_cp310", "tzdata": ""},
)
TZDATA = LockedPackage(
    name="tzdata",
    version="2026a",
    platform="linux-64",
    url="https://conda.example.com/acme/noarch/tzdata-2026a-h0_0.tar.bz2",
    md5="2" * 32,
    sha256=None,
    dependencies={},
)
ASKED = Specification(("https://conda.example.com/acme",), {"linux-64": ("python 3.10.*",)}, {})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a lock file."""
    (tmp_path / "environment.yml").write_text("channels: [acme]\n")
    write_lock(tmp_path, ASKED, [TZDATA, PYTHON])
    return tmp_path


def test_what_is_written_is_read_again(written: Path) -> None:
    lock = read_lock(written)
    assert lock.packages == (PYTHON, TZDATA)
    assert lock.platforms == ("linux-64",)
    assert lock.of("osx-64") == ()
    assert [package.identity for package in lock.packages] == ["python-3.10-0_cpython", "tzdata-2026a-h0_0"]
    assert [path.name for path in written.glob("*.partial")] == []


def test_py_rattler_reads_the_same(written: Path) -> None:
    environment = rattler.LockFile.from_path(written / LOCK).default_environment()
    assert environment is not None
    (python, tzdata) = environment.conda_repodata_records()["linux-64"]
    assert (python.url, str(python.version), str(python.build)) == (PYTHON.url, "3.10", "0_cpython")
    assert (python.md5, python.sha256) == (bytes.fromhex(PYTHON.md5), bytes.fromhex("1" * 64))
    assert "python_abi 3.10.* *_cp310" in python.depends
    assert (tzdata.url, tzdata.sha256) == (TZDATA.url, None)
    assert [str(channel) for channel in environment.channels()] == ["https://conda.example.com/acme"]


@pytest.mark.slow
def test_conda_lock_reads_the_same_and_takes_the_same_digests(written: Path) -> None:
    asked = """if True:
        import json, pathlib
        from conda_lock.lockfile import parse_conda_lock_file
        from conda_lock.lockfile.v1.models import InputMeta
        lock = parse_conda_lock_file(pathlib.Path("conda-lock.yml"))
        packages = {package.name: [package.version, package.url, package.hash.md5] for package in lock.package}
        taken = InputMeta.get_input_sha256(pathlib.Path("environment.yml"))
        print(json.dumps([packages, taken, lock.metadata.inputs_metadata["environment.yml"].sha256]))
    """
    program = ("uv", "run", "--no-project", "--isolated", "--with", "conda-lock>=3,<5", "python", "-c", asked)
    packages, taken, recorded = json.loads(process.run(*program, cwd=written))
    assert packages == {package.name: [package.version, package.url, package.md5] for package in (PYTHON, TZDATA)}
    assert taken == recorded


def test_it_fits_until_what_it_was_made_from_changes(written: Path) -> None:
    assert fits(read_lock(written), written)
    (written / "environment.yml").write_text("channels: [other]\n")
    assert not fits(read_lock(written), written)


def test_it_fits_until_a_virtual_package_changes(written: Path) -> None:
    (written / "virtual-packages.yml").write_text("subdirs: {}\n")
    write_lock(written, ASKED, [PYTHON])
    assert fits(read_lock(written), written)
    (written / "virtual-packages.yml").write_text("subdirs: {linux-64: {packages: {}}}\n")
    assert not fits(read_lock(written), written)
    (written / "virtual-packages.yml").unlink()
    assert not fits(read_lock(written), written)


def test_a_lock_that_does_not_say_what_it_was_made_from_does_not_fit(written: Path) -> None:
    text = (written / LOCK).read_text()
    (written / LOCK).write_text(text[: text.index("  inputs_metadata")] + text[text.index("package:") :])
    assert not fits(read_lock(written), written)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a conda-lock file"),
        ("- a list", "is not a conda-lock file"),
        ("version: [", "cannot be read"),
        ("\0", "cannot be read"),
        ("version: 6\n", "has the format version 6; expected 1"),
        ("version: 1\nmetadata: {}\npackage: []\n", "is not a conda-lock file: KeyError"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / LOCK).write_text(content)
    with pytest.raises(LockInvalid, match=said):
        read_lock(tmp_path)

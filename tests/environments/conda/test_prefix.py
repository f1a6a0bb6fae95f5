"""Whether an environment is what is locked, and whole."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from rnd.environments.conda.lockfile import LockedPackage, write_lock
from rnd.environments.conda.prefix import difference
from rnd.environments.conda.rattler import install, solve, this_platform
from rnd.environments.conda.specification import Specification
from rnd_rehearsal import channel as conda_channel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def packages(tmp_path: Path) -> tuple[LockedPackage, ...]:
    """What is installed under `prefix`: two packages, one of them with a compiled module."""
    channel = tmp_path / "channel"
    conda_channel.add_noarch(channel, "greeting", "1.0", {"share/greeting.txt": b"hello\n"})
    conda_channel.add_noarch(channel, "module", "1.0", {"lib/module.py": b"x = 1\n", "lib/module.pyc": b"x"})
    conda_channel.index(channel)
    asked = Specification((channel.as_uri(),), {this_platform(): ("greeting", "module")}, {})
    (tmp_path / "environment.yml").touch()
    found = tuple(solve(asked, tmp_path / "no-lock"))
    write_lock(tmp_path, asked, found)
    install(tmp_path, tmp_path / "prefix", this_platform())
    return found


def test_what_was_just_installed(packages: tuple[LockedPackage, ...], tmp_path: Path) -> None:
    assert difference(tmp_path / "prefix", packages) is None


def test_nothing_there_at_all(tmp_path: Path) -> None:
    assert difference(tmp_path / "prefix", ()) == "no prefix yet"


def test_compiled_modules_come_and_go(packages: tuple[LockedPackage, ...], tmp_path: Path) -> None:
    (tmp_path / "prefix" / "lib" / "module.pyc").unlink()
    assert difference(tmp_path / "prefix", packages) is None


def test_sizes_where_conda_keeps_those_of_a_package_for_any_python(
    packages: tuple[LockedPackage, ...], tmp_path: Path
) -> None:
    record = tmp_path / "prefix" / "conda-meta" / "module-1.0-0.json"
    module = tmp_path / "prefix" / "lib" / "python3.11" / "site-packages" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text("x = 1\n")
    described = [{"_path": "site-packages/module.py", "path_type": "hardlink", "size_in_bytes": 6}]
    files = {"files": ["lib/python3.11/site-packages/module.py"], "paths_data": {"paths": described}}
    record.write_text(json.dumps(json.loads(record.read_text()) | files))
    assert difference(tmp_path / "prefix", packages) is None
    module.write_text("x =")
    assert difference(tmp_path / "prefix", packages) == "module is incomplete"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("nothing left", "greeting of conda-lock.yml is not in prefix"),
        ("a record missing", "greeting of conda-lock.yml is not in prefix"),
        ("a record cut short", "a record of prefix cannot be read"),
        ("a package too many", "other-1.0-0 is in prefix but not in conda-lock.yml"),
        ("another build", "greeting in prefix is a different build than in conda-lock.yml"),
        ("a file missing", "greeting is incomplete"),
        ("a file cut short", "greeting is incomplete"),
    ],
)
def test_what_is_wrong(packages: tuple[LockedPackage, ...], tmp_path: Path, fault: str, said: str) -> None:
    prefix = tmp_path / "prefix"
    greeting = prefix / "share" / "greeting.txt"
    record = prefix / "conda-meta" / "greeting-1.0-0.json"
    match fault:
        case "nothing left":
            shutil.rmtree(prefix)
            prefix.mkdir()
        case "a record missing":
            record.unlink()
        case "a record cut short":
            record.write_text(record.read_text()[:100])
        case "a package too many":
            record.with_name("other-1.0-0.json").write_text("{}")
        case "another build":
            record.write_text(json.dumps(json.loads(record.read_text()) | {"md5": "0" * 32}))
        case "a file missing":
            greeting.unlink()
        case "a file cut short":
            greeting.unlink()  # it is a hard link into the cache
            greeting.write_text("hell")
    assert difference(prefix, packages) == said

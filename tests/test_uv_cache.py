"""The cache of uv that tests use: the modules in a new environment are compiled, and Python still checks them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.machine import UV_CACHE
from tests.helpers.uv_cache import clone, keep_compiled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder of modules of an environment with one package, from a cache of one package that is compiled."""
    if not list(UV_CACHE.glob("compiled-*")):
        pytest.skip("the packages of a new repository could not be installed")
    install = (
        "uv",
        "pip",
        "install",
        "--quiet",
        "--offline",
        "--python",
        str(tmp_path / "environment"),
        "pluggy",
    )
    for command in (("uv", "venv", "--quiet", "--python", sys.executable, str(tmp_path / "environment")), install):
        subprocess.run(command, check=True)
    (found,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    return found


def load(site: Path) -> subprocess.CompletedProcess[str]:
    """Import the package, and let Python say which compiled modules it reads and writes."""
    command = [str(site.parents[2] / "bin" / "python"), "-v", "-c", "import pluggy"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_new_environment_has_compiled_modules(site: Path) -> None:
    said = load(site).stderr
    assert f"matches {site}/pluggy/__init__.py" in said
    assert f"# wrote '{site}/pluggy" not in said


def test_a_changed_module_is_compiled_again(site: Path) -> None:
    """Also one that has the size and the time of the first one."""
    module = site / "pluggy" / "_tracing.py"
    text, there = module.read_text(), module.stat()
    module.unlink()  # it may be a link to the file of the cache
    module.write_text(text.replace("def ", "deg ", 1))
    os.utime(module, ns=(there.st_atime_ns, there.st_mtime_ns))
    assert "SyntaxError" in load(site).stderr


def test_nothing_is_left_when_a_package_is_uninstalled(site: Path) -> None:
    python = str(site.parents[2] / "bin" / "python")
    subprocess.run(["uv", "pip", "uninstall", "--quiet", "--python", python, "pluggy"], check=True)
    assert not (site / "pluggy").exists()


def test_a_clone_shares_files_with_the_users_cache_and_changes_none(tmp_path: Path) -> None:
    users, own = tmp_path / "users", tmp_path / "own"
    archive = users / "archive-v0" / "abc"
    (archive / "demo").mkdir(parents=True)
    (archive / "demo" / "module.py").write_text("VALUE = 1\n")
    (users / "wheels-v8" / "pypi" / "demo").mkdir(parents=True)
    (users / "wheels-v8" / "pypi" / "demo" / "1.0-py3-none-any").symlink_to("../../../archive-v0/abc")
    clone(users, own)
    assert (own / "archive-v0/abc/demo/module.py").samefile(archive / "demo" / "module.py")

    site = tmp_path / "environment" / "lib" / "python3.11" / "site-packages"
    (site / "demo" / "__pycache__").mkdir(parents=True)
    (site / "demo-1.0.dist-info").mkdir()
    (tmp_path / "environment" / "bin").mkdir()
    (tmp_path / "environment" / "bin" / "python").symlink_to(sys.executable)
    os.link(own / "archive-v0/abc/demo/module.py", site / "demo" / "module.py")
    name = f"module.{sys.implementation.cache_tag}.pyc"
    (site / "demo" / "__pycache__" / name).touch()  # what a program has imported
    keep_compiled(tmp_path / "environment", own)
    flags = (own / "archive-v0/abc/demo/__pycache__" / name).read_bytes()[4:8]
    assert int.from_bytes(flags, "little") == 0b11  # checked by a hash: https://peps.python.org/pep-0552/
    assert list(archive.rglob("*.pyc")) == []

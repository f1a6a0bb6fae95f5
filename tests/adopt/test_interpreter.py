"""The version file of a repository cannot make uv run a program, and neither can one in a folder above the clone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.adopt import place
from rnd.adopt.interpreter import chosen, names_program, unsafe_files
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from tests.helpers import existing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text", ["3.11\n", "# ours\n3.11.4\n\n3.12 # next\n", "cpython-3.12\n", "pypy@3.10\n", "3.13t\n"]
)
def test_versions_are_no_programs(text: str) -> None:
    assert not names_program(text)


@pytest.mark.parametrize("text", ["bin/python\n", "./python\n", "3.11\nenv\n", "/tmp/python\n", "3.11/bin/python\n"])
def test_anything_else_can_name_a_program(text: str, tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text(text)
    assert unsafe_files(tmp_path) == [tmp_path / ".python-version"]
    assert chosen(tmp_path, "3.11") == {"UV_PYTHON": "3.11"}
    found = analyse(tree_of({**existing.FLAT_LAYOUT, ".python-version": text}), None, "main")
    assert ("python-program", ".python-version") in {(point.code, point.source) for point in found.points}


def test_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("3.11\n")
    (tmp_path / ".python-versions").symlink_to(tmp_path / "other")
    assert unsafe_files(tmp_path) == [tmp_path / ".python-versions"]
    assert chosen(tmp_path, "3.11") == {"UV_PYTHON": "3.11"}


def test_a_version_file_above_the_clone_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    program.chmod(0o755)
    (tmp_path / ".python-version").write_text(f"{program}\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with place.temporary() as folder:
        (folder / "clone").mkdir()
        (folder / "clone" / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
        uv.attempt(folder / "clone", "build", "--wheel", "--no-index")
        assert not (tmp_path / "ran").exists()
        (folder / ".python-version").unlink()
        uv.attempt(folder / "clone", "build", "--wheel", "--no-index")
    assert (tmp_path / "ran").exists()

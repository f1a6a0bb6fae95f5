"""Keeps uv from running a program that a repository names as its Python.

A line of `.python-version` can be a version, and also a path or the name of a folder or file, which uv then runs to
ask for its version: https://docs.astral.sh/uv/concepts/python-versions/#python-version-files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILES = (".python-version", ".python-versions")
PLAIN = re.compile(r"(?:(?:cpython|pypy|graalpy)[-@]?)?\d+(?:\.\d+)*(?:\.\*)?t?")


def names_program(text: str) -> bool:
    """Return whether a line of a version file is not a version."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return any(line and not PLAIN.fullmatch(line) for line in lines)


def unsafe_files(clone: Path) -> list[Path]:
    """Return the version files of a clone that could name a program; what a link leads to is not read."""
    there = [clone / name for name in FILES if (clone / name).is_symlink() or (clone / name).exists()]
    return [path for path in there if not _is_plain(path)]


def remove_unsafe(clone: Path) -> None:
    """Remove those files from a clone that is thrown away, so that uv runs nothing that they name."""
    for path in unsafe_files(clone):
        path.unlink()


def chosen(clone: Path, version: str) -> dict[str, str]:
    """Return the variables with which uv uses a version in place of what such a file names; none if there is none.

    Args:
        clone: The clone that uv runs in.
        version: The Python version, such as `3.11`.
    """
    return {"UV_PYTHON": version} if unsafe_files(clone) else {}


def _is_plain(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        return not names_program(path.read_text("utf-8"))
    except UnicodeDecodeError:
        return False

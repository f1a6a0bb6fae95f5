"""A copy of this repository in which a recipe of docs/architecture.md is followed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from rnd_rehearsal.template import copy_what_renders
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path


class Copy:
    """A copy of this repository, in which a test follows a recipe.

    Attributes:
        folder: Where it is.
        changed: The files that the test has changed or added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = copy_what_renders(ROOT, folder)
        self.changed: set[str] = set()
        for name in PROGRAMS:
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))

    def write(self, file: str, text: str) -> None:
        """Add a file, or text at the end of one."""
        with (self.folder / file).open("a", encoding="utf-8") as stream:
            stream.write(text)
        self.changed.add(file)

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs once."""
        content = (self.folder / file).read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{file}: {old}"
        (self.folder / file).write_text(content.replace(old, new), encoding="utf-8")
        self.changed.add(file)

    def python(self, *arguments: str) -> str:
        """Run Python with the modules of the copy, and return what it prints."""
        path = os.pathsep.join(str(self.folder / name) for name in ("src", "packages/fake-github/src"))
        environ = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


PROGRAMS = ("actions", "src", "packages/fake-github/src")

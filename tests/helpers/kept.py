"""A repository that `rnd new` makes once in each process: each test finds it, and its template, as it was then.

Making one takes 5 seconds of a processor, putting it back a fraction of one. Both stay where they were made, because
an environment and the answers name folders.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from tests.helpers.machine import isolate
from tests.helpers.template import TemplateRepository, asking_nothing, copy_template

if TYPE_CHECKING:
    from collections.abc import Callable

# Programs replace the files of an environment and never write into them: links to those that are kept are enough.
ENVIRONMENTS = (".venv", ".conda")


@dataclass(frozen=True)
class Kept:
    """A template that is released as 1.0.0, and a repository of it, each beside a copy that no test changes.

    Attributes:
        place: The folder of all four.
        name: The name of the repository's folder.
    """

    place: Path
    name: str = "made"

    @property
    def template(self) -> TemplateRepository:
        """The template that tests may change."""
        return TemplateRepository(self.place / "rnd-template")

    @property
    def made(self) -> Path:
        """The repository that tests may change."""
        return self.place / self.name

    def keep(self) -> None:
        """Keep what is there now."""
        for folder in (self.template.folder, self.made):
            restore(folder, self._kept(folder))

    def restore(self) -> None:
        """Put back what was kept."""
        for folder in (self.template.folder, self.made):
            restore(self._kept(folder), folder)

    def _kept(self, folder: Path) -> Path:
        return self.place / "kept" / folder.name


def restore(kept: Path, folder: Path, *, linked: bool = False) -> None:
    """Make a folder equal to another one, with links to the files of environments.

    What a test has left alone stays the same file: git and uv take a copy for a change.

    Args:
        kept: What the folder is made equal to.
        folder: The folder.
        linked: Whether links are enough.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in os.scandir(kept)}
    there = {entry.name: entry for entry in os.scandir(folder)}
    for name in [name for name, entry in there.items() if name not in wanted or not are_alike(entry, wanted[name])]:
        remove(there.pop(name))
    for name, entry in wanted.items():
        if entry.is_dir(follow_symlinks=False):
            restore(kept / name, folder / name, linked=linked or name in ENVIRONMENTS)
        elif name not in there and linked and not entry.is_symlink():
            os.link(entry.path, folder / name)
        elif name not in there:
            shutil.copy2(entry.path, folder / name, follow_symlinks=False)


def are_alike(one: os.DirEntry[str], other: os.DirEntry[str]) -> bool:
    """Return whether two entries are folders, or files and links of the same time, size and mode."""
    first, second = one.stat(follow_symlinks=False), other.stat(follow_symlinks=False)
    if stat.S_ISDIR(first.st_mode) and stat.S_ISDIR(second.st_mode):
        return True
    return (first.st_mode, first.st_size, first.st_mtime_ns) == (second.st_mode, second.st_size, second.st_mtime_ns)


def remove(entry: os.DirEntry[str]) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        Path(entry.path).unlink()


@pytest.fixture(scope="session")
def kept_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Kept]:
    """Returns what is kept of a repository that is made with a tool."""

    @cache
    def once(tool: str) -> Kept:
        place = tmp_path_factory.mktemp("kept")
        kept = Kept(place)
        with pytest.MonkeyPatch.context() as patch:
            isolate(tmp_path_factory.mktemp("home"), patch)
            copy_template(kept.template.folder, tool)
            assert main(["new", str(kept.made), "--quiet", *asking_nothing(kept.template.address)]) == 0
            kept.keep()
        return kept

    return once


@pytest.fixture
def kept(kept_with: Callable[[str], Kept], tool: str) -> Kept:
    """A template and a repository of it, as if they were just made."""
    found = kept_with(tool)
    found.restore()
    return found

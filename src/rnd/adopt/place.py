"""Where an adoption works: a temporary folder, and the one reference that the repository gets at the end."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import git
from rnd.github.settings.joined import ADOPTION
from rnd.staging import remove_abandoned, staging

if TYPE_CHECKING:
    from collections.abc import Generator

BRANCH = ADOPTION
REF = f"refs/heads/{BRANCH}"
PREFIX = "rnd-adopt-"
STALE = 2.0  # seconds; git holds the lock of a reference for milliseconds


@contextmanager
def temporary() -> Generator[Path]:
    """Yield an empty folder, and remove it at the end; also remove those of runs that were killed.

    Libraries make their temporary folders in it, such as copier its clone of the template. uv reads no configuration
    and no version of Python from a folder above it, which other users can write to.
    """
    before, parent = tempfile.tempdir, Path(tempfile.gettempdir())
    remove_abandoned(parent, PREFIX)
    with staging(parent, PREFIX) as folder:
        for name in ("uv.toml", ".python-version"):
            (folder / name).touch()
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before


def clone(root: Path, folder: Path) -> None:
    """Clone a repository without a work tree; nothing of its configuration applies to the clone.

    Without `--local`, git links the objects of a path and copies them if that is another file system:
    https://git-scm.com/docs/git-clone#Documentation/git-clone.txt---local.
    """
    git.run(root, *git.INERT, "clone", "--quiet", "--no-checkout", ".", str(folder))


def remove_stale_lock(root: Path) -> None:
    """Remove the lock that a killed git left on the reference of an adoption; only this program writes it.

    A lock has the name of its reference, and git never removes one of another process:
    https://git-scm.com/docs/api-lockfile.
    """
    common = git.attempt(root, "rev-parse", "--path-format=absolute", "--git-common-dir")
    lock = Path(common or root / ".git") / f"{REF}.lock"
    while (age := _age(lock)) is not None:
        if age > STALE:
            lock.unlink(missing_ok=True)
        else:
            time.sleep(0.1)


def _age(path: Path) -> float | None:
    """Return the age of a file in seconds, or None if there is none; a clock that was set back counts as old."""
    try:
        return abs(time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None

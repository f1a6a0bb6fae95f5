"""Temporary folders that the next run removes if this one is killed: each is locked while it is in use."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def staging(parent: Path, prefix: str) -> Generator[Path]:
    """Yield an empty folder, and remove it at the end.

    Args:
        parent: The folder to make it in.
        prefix: How its name begins.

    Raises:
        OSError: The parent is not writable.
    """
    while (descriptor := _lock(folder := Path(mkdtemp(prefix=prefix, dir=parent)))) is None:
        pass
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Lock a new folder and return its descriptor; None if another run took it for abandoned and removed it before."""
    try:
        descriptor = os.open(folder, FOLDER)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if folder.exists():
        return descriptor
    os.close(descriptor)
    return None


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the folders of the user's killed runs; active runs hold a lock on theirs.

    Other users may be able to write to the parent: links, pipes, files and folders of other users are skipped.
    """
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError), _descriptor(folder) as descriptor:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


@contextmanager
def _descriptor(folder: Path) -> Generator[int]:
    descriptor = os.open(folder, FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

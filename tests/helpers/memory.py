"""What the tests keep in memory: the folders of a whole session, where the machine has room, and folders of their own.

Tests write many small files and remove them soon. In memory, a scenario of the rehearsal takes a fifth less processor
time. `pytest --basetemp FOLDER` keeps the files of the tests, on disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal import engine

if TYPE_CHECKING:
    from collections.abc import Generator

MEMORY = Path("/dev/shm")
STATE = Path("/proc/meminfo")
ENOUGH, ENOUGH_FOR_ALL = 2**30, 8 * 2**30  # bytes: for one folder, and for the folders of a session
QUICK, YOUNG = "template-tests-", 60  # how names of folders there begin, and seconds
TEMPORARY = "t"  # the folder of the session where programs make theirs; short, for the paths of sockets
ROOT = "PYTEST_DEBUG_TEMPROOT"  # https://docs.pytest.org/en/stable/reference/reference.html#environment-variables


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest, builders of images and all programs make folders in memory; the workers of pytest inherit the place.

    A clone of the template, which copier makes and removes, takes 1.2 seconds of a processor on disk and 0.1 in memory.
    """
    given = os.environ.get(ROOT)
    stack = ExitStack()
    config.add_cleanup(stack.close)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    if given is None and not config.getoption("basetemp") and has_room(ENOUGH_FOR_ALL):
        given = str(stack.enter_context(quick_folder("session")))
        patch.setenv(ROOT, given)
    if given is not None and Path(given).parent == MEMORY:
        patch.setattr(engine, "PLACE", Path(given))
        temporary = Path(given, TEMPORARY)
        temporary.mkdir(exist_ok=True)
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)


@contextmanager
def quick_folder(name: str) -> Generator[Path]:
    """Give a folder for many small files, in memory where there is enough room; it is removed at the end.

    A process that is killed leaves its folder. The next one removes it: the lock on a folder ends with its process.
    """
    in_memory = has_room(ENOUGH)
    if in_memory:
        remove_left(MEMORY)
    place = MEMORY if in_memory else None
    with tempfile.TemporaryDirectory(prefix=f"{QUICK}{name}-", dir=place, ignore_cleanup_errors=True) as folder:
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(folder)
        finally:
            os.close(lock)


def has_room(size: int) -> bool:
    """Return whether files of so many bytes, programs among them, fit into memory, and as much stays free."""
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(MEMORY).free >= size and _available() >= 2 * size


def _available() -> int:
    """Return the bytes that programs can still have; 0 where the system does not tell."""
    with suppress(OSError):
        for line in STATE.read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return int(amount.removesuffix("kB")) * 1024
    return 0


def remove_left(place: Path) -> None:
    """Remove the folders of `quick_folder` whose process has ended; one without a lock may only just have been made."""
    for folder in place.glob(f"{QUICK}*"):
        with suppress(OSError):  # another user's, or another process has removed it
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - folder.stat().st_mtime > YOUNG:
                    shutil.rmtree(folder)
            finally:
                os.close(lock)

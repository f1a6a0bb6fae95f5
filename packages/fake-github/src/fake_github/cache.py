"""Where downloads, and what is made of them, are kept for the next rehearsal: a folder of the user, emptied at will."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def cache_folder() -> Path:
    """Return that folder: RND_CACHE_DIR, by default `rnd` in the cache folder of the system."""
    given = os.environ.get("RND_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rnd"


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep other processes out that come with the same lock, a file, so that what is fetched is fetched once."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

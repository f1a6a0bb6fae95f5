"""The folder that keeps downloads between runs. It belongs to the user and can be deleted at any time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# The first of these that is set names the folder.
VARIABLES = ("FAKE_GITHUB_CACHE_DIR", "RND_CACHE_DIR")


def cache_folder() -> Path:
    """Return that folder: the value of one of `VARIABLES`, by default `fake-github` in the user's cache folder."""
    given = next(filter(None, map(os.environ.get, VARIABLES)), None)
    return Path(given) if given else user_cache() / "fake-github"


def user_cache() -> Path:
    """Return the cache folder of the user, as the XDG Base Directory Specification defines it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Hold an exclusive lock on a file, so that several processes do not fetch the same thing at the same time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def write(path: Path, content: bytes) -> None:
    """Write a file atomically: a concurrent reader sees all of it or nothing."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)

"""Locks the dependencies of an adopted repository, in the clone. Runs no code of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import process, uv
from rnd.environments.conda import rattler
from rnd.environments.errors import EnvironmentInvalid, LockInvalid, Unsolvable
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    from pathlib import Path

NOT_LOCKED = "The dependencies are not locked"  # the open point of a branch without an up-to-date lock file
FILES = {"uv": "uv.lock", "conda": "conda-lock.yml"}


def lock(clone: Path, tool: str) -> str | None:
    """Write the lock file, and return None, or why there is none. What an existing one lists is kept where possible.

    Args:
        clone: The folder with the requirements.
        tool: `uv` or `conda`.

    Raises:
        ExtraMissing: The tool is conda, and py-rattler is not installed.
    """
    if tool == "uv":
        completed = uv.attempt(clone, "lock", "--no-build", extra=process.without_secrets())
        return None if completed.returncode == 0 else uv.last_cause(completed.stderr)
    try:
        rattler.lock(clone)
    except (EnvironmentInvalid, LockInvalid, Unsolvable, PackagesUnavailable) as error:
        return f"{' '.join(error.message.split())} {error.hint}"
    return None

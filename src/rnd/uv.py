"""The only caller of uv."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

OFFLINE = re.compile(r"(?i)error sending request|network was disabled|network connectivity is disabled|timed out")
# What `uv publish` takes from the environment. It is given what it needs and no more, and no other command needs any.
PUBLISHING = ("URL", "CHECK_URL", "INDEX", "TOKEN", "USERNAME", "PASSWORD")
WITHOUT_PUBLISHING = dict.fromkeys(f"UV_PUBLISH_{name}" for name in PUBLISHING)


def attempt(
    folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run uv, in a folder if one is named, to its end, whatever its exit code."""
    return process.attempt("uv", *arguments, cwd=folder, extra=extra)


def run(folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None) -> str:
    """Run uv, in a folder if one is named, and return its standard output.

    Raises:
        PackagesUnavailable: The index could not be reached.
        CommandFailed: uv says no for another reason.
    """
    completed = attempt(folder, *arguments, extra=extra)
    if completed.returncode == 0:
        return completed.stdout
    if OFFLINE.search(completed.stderr):
        raise PackagesUnavailable(
            f"uv {' '.join(arguments)} could not reach the network:\n{last_cause(completed.stderr)}"
        )
    raise process.failure(completed, "uv", *arguments)


def last_cause(stderr: str) -> str:
    """Return what uv calls the error, and its root; not what it did before, nor its hints."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    chain = [line for line in lines if line.startswith(("error:", "cause:"))] or lines
    return "\n".join(dict.fromkeys((chain[0], chain[-1])))

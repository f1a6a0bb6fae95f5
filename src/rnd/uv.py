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
# Variables that `uv publish` reads. It gets only the ones that it needs; all other commands run without them.
PUBLISHING = ("URL", "CHECK_URL", "INDEX", "TOKEN", "USERNAME", "PASSWORD")
WITHOUT_PUBLISHING = dict.fromkeys(f"UV_PUBLISH_{name}" for name in PUBLISHING)


def attempt(
    folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run uv, optionally in a folder, and return the result for any exit code."""
    return process.attempt("uv", *arguments, cwd=folder, extra=extra)


def run(folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None) -> str:
    """Run uv, optionally in a folder, and return its standard output.

    Raises:
        PackagesUnavailable: The index could not be reached.
        CommandFailed: uv failed for another reason.
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
    """Return uv's error line and its root cause, without progress output and hints."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    chain = [line for line in lines if line.startswith(("error:", "cause:"))] or lines
    return "\n".join(dict.fromkeys((chain[0], chain[-1])))

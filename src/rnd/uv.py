"""The only caller of uv.

uv reads `uv.toml` or `[tool.uv]` in its folder, else in the nearest folder above that has one. Such a file can name
another index, a proxy, or where Python comes from: https://docs.astral.sh/uv/concepts/configuration-files/. So uv runs
in a folder only if that folder's configuration is meant to apply, and in the root folder otherwise.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from rnd.process import Completed

OFFLINE = re.compile(r"(?i)error sending request|network was disabled|network connectivity is disabled|timed out")
# Variables that `uv publish` reads. It gets only the ones that it needs; all other commands run without them.
PUBLISHING = ("URL", "CHECK_URL", "INDEX", "TOKEN", "USERNAME", "PASSWORD")
WITHOUT_PUBLISHING = dict.fromkeys(f"UV_PUBLISH_{name}" for name in PUBLISHING)
NEUTRAL = "/"  # only an administrator can put a uv.toml there


def attempt(folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None) -> Completed:
    """Run uv, and return the result for any exit code.

    Args:
        folder: Where it runs, if the configuration of that folder applies; None for the user's configuration alone.
        arguments: The arguments of uv.
        extra: Variables to set for it; None removes a variable.
    """
    return process.attempt("uv", *arguments, cwd=folder or NEUTRAL, extra=extra)


def run(folder: Path | None, *arguments: str, extra: Mapping[str, str | None] | None = None) -> str:
    """Run uv as `attempt` does, and return its standard output.

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


@contextmanager
def temporary_folder(prefix: str) -> Generator[Path]:
    """Yield a temporary folder, in which uv reads no configuration of a folder above that other users can write to.

    Neither does it read `.python-version` there, which can name a program: an empty one ends the search.
    """
    with TemporaryDirectory(prefix=prefix) as name:
        Path(name, "uv.toml").touch()
        Path(name, ".python-version").touch()
        yield Path(name)


def last_cause(stderr: str) -> str:
    """Return uv's error line and its root cause, without progress output and hints."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    chain = [line for line in lines if line.startswith(("error:", "cause:"))] or lines
    return "\n".join(dict.fromkeys((chain[0], chain[-1])))

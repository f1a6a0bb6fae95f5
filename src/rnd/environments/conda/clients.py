"""Runs the user's conda client: the only caller of micromamba, mamba and conda."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    from rnd.environments.conda.lockfile import LockedPackage

# Fastest first. If a client is a shell function and not on PATH, the variable holds the path of its program.
CLIENTS = {"micromamba": "MAMBA_EXE", "mamba": "MAMBA_EXE", "conda": "CONDA_EXE"}
# The first versions that verify the SHA-256 digest in an address: https://github.com/conda/conda/pull/14048 and
# https://github.com/mamba-org/mamba/pull/3866. Older versions reject such an address or do not verify it.
OLDEST = {"micromamba": (2, 1), "mamba": (2, 1), "conda": (24, 9)}
OFFLINE = ("CondaHTTPError", "Could not resolve host", "Download error", "Could not open lock", "ConnectionError")


def find_client() -> str | None:
    """Return the path of the user's first conda client that verifies SHA-256 digests, or None."""
    for name, variable in CLIENTS.items():
        named = os.environ.get(variable, "")
        given = named if Path(named).name == name and Path(named).is_file() else None
        found = given or process.find(name)
        if found and _version(found) >= OLDEST[name]:
            return found
    return None


def _version(client: str) -> tuple[int, ...]:
    """Return the version of a client, or an empty tuple if it does not print one."""
    found = re.search(r"\d+(\.\d+)+", process.attempt(client, "--version").stdout)
    return tuple(map(int, found[0].split("."))) if found else ()


def create(client: str, prefix: Path, packages: tuple[LockedPackage, ...]) -> None:
    """Create an environment with exactly the locked packages, without solving.

    All three clients read the same list of URLs (https://docs.conda.io, "Building identical conda environments").

    Args:
        client: The path of the client.
        prefix: The environment's folder, which must not exist.
        packages: The locked packages for this platform, each with its SHA-256 digest.

    Raises:
        PackagesUnavailable: A package could not be downloaded.
        CommandFailed: The client failed for another reason.
    """
    with TemporaryDirectory(prefix="rnd-conda-") as folder:
        listed = Path(folder) / "explicit.txt"
        lines = ("@EXPLICIT", *(f"{package.url}#sha256:{package.sha256}" for package in packages))
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        argv = (client, "create", "--yes", "--prefix", str(prefix), "--file", str(listed))
        completed = process.attempt(*argv)
    if completed.returncode == 0:
        return
    printed = completed.stderr + completed.stdout
    if any(word in printed for word in OFFLINE):
        raise PackagesUnavailable(f"{Path(client).name} could not download a package:\n{process.last_words(completed)}")
    raise process.failure(completed, *argv)

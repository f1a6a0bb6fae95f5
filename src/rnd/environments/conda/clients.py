"""The conda clients that a user may have: the only caller of micromamba, mamba and conda."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    from rnd.environments.conda.lockfile import LockedPackage

# The quickest first. A client that is a function of the user's shell, and not on PATH, names its program here.
CLIENTS = {"micromamba": "MAMBA_EXE", "mamba": "MAMBA_EXE", "conda": "CONDA_EXE"}
OFFLINE = ("CondaHTTPError", "Could not resolve host", "Download error", "Could not open lock", "ConnectionError")


def find_client() -> str | None:
    """Return the path of the conda client that the user has, or None."""
    for name, variable in CLIENTS.items():
        named = os.environ.get(variable, "")
        if Path(named).name == name and Path(named).is_file():
            return named
        if found := process.find(name):
            return found
    return None


def create(client: str, prefix: Path, packages: tuple[LockedPackage, ...]) -> None:
    """Make an environment of exactly the packages that are locked; nothing is solved.

    All three clients read the same list of addresses (https://docs.conda.io, "Building identical conda environments").

    Args:
        client: The program.
        prefix: The environment's folder, which is not there yet.
        packages: Those of this machine's platform.

    Raises:
        PackagesUnavailable: A package could not be fetched.
        CommandFailed: The client says no for another reason.
    """
    with TemporaryDirectory(prefix="rnd-conda-") as folder:
        listed = Path(folder) / "explicit.txt"
        lines = ("@EXPLICIT", *(f"{package.url}#{package.md5}" for package in packages))
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        argv = (client, "create", "--yes", "--prefix", str(prefix), "--file", str(listed))
        completed = process.attempt(*argv)
    if completed.returncode == 0:
        return
    said = completed.stderr + completed.stdout
    if any(word in said for word in OFFLINE):
        raise PackagesUnavailable(f"{Path(client).name} could not fetch a package:\n{process.last_words(completed)}")
    raise process.failure(completed, *argv)

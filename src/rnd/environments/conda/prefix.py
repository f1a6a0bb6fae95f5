"""Compares an installed conda environment with the lock file, from its `conda-meta`. Read-only.

Every conda client writes one JSON record per package to `conda-meta`, with all paths of the package.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd.environments.conda.lockfile import LockedPackage

SITE_PACKAGES = re.compile(r"^lib/python[^/]*/site-packages/")


def difference(prefix: Path, locked: tuple[LockedPackage, ...]) -> str | None:
    """Return the first difference between an environment and the lock file, or None.

    Args:
        prefix: The environment's folder.
        locked: The locked packages for this platform.
    """
    if not prefix.is_dir():
        return f"no {prefix.name} yet"
    try:
        found = {path.stem: json.loads(path.read_bytes()) for path in (prefix / "conda-meta").glob("*.json")}
    except (OSError, ValueError):
        return f"a record of {prefix.name} cannot be read"
    wanted = {package.identity: package for package in sorted(locked, key=lambda package: package.name)}
    for identity, package in wanted.items():
        if identity not in found:
            return f"{package.name} of conda-lock.yml is not in {prefix.name}"
        record = found[identity]
        if any(record.get(kind) not in {None, "", digest} for kind, digest in _digests(package)):
            return f"{package.name} in {prefix.name} is a different build than in conda-lock.yml"
    if extra := sorted(found.keys() - wanted.keys()):
        return f"{extra[0]} is in {prefix.name} but not in conda-lock.yml"
    return next((f"{record['name']} is incomplete" for record in found.values() if not _whole(prefix, record)), None)


def _digests(package: LockedPackage) -> tuple[tuple[str, str | None], ...]:
    return ("md5", package.md5), ("sha256", package.sha256)


def _whole(prefix: Path, record: dict[str, Any]) -> bool:
    """Return whether every file of a package exists and has the recorded size, if one is recorded."""
    for path, size in _files(record):
        try:
            there = (prefix / path).lstat()
        except OSError:
            return False
        if size is not None and there.st_size != size:
            return False
    return True


def _files(record: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Yield each path and its size, or None for files into which the prefix was written, because their size varies.

    For `noarch` Python packages, conda records sizes under the paths inside the package. Compiled modules are skipped,
    because Python regenerates them.
    """
    sizes = {
        entry["_path"]: entry.get("size_in_bytes")
        for entry in record.get("paths_data", {}).get("paths", ())
        if not entry.get("prefix_placeholder") and entry.get("path_type") == "hardlink"
    }
    for path in record.get("files", ()):
        if not path.endswith(".pyc"):
            yield path, sizes.get(path, sizes.get(SITE_PACKAGES.sub("site-packages/", path)))

"""Bring a lock file up to date, or upgrade what it locks, without running anything of the repository.

An upgrade leaves out versions that are younger than the cooldown of org.yml: a malicious release is usually found and
removed within days. uv has the cooldown as `exclude-newer`
(https://docs.astral.sh/uv/concepts/resolution/#reproducible-resolutions), which needs upload times. Not all indexes
have them, so packages that are locked without one are upgraded without it; uv would find no version of them.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rnd import git, process, uv
from rnd.errors import RndError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd.answers import Project

LONGEST = 2000  # characters of an error


def lock(project: Project, *, upgrade: bool, cooldown: timedelta) -> str | None:
    """Bring the lock file of a repository up to date, and return why that failed.

    Args:
        project: The repository.
        upgrade: Whether to upgrade what is locked; otherwise versions are kept.
        cooldown: How old a version must be that an upgrade brings.
    """
    if project.dependency_tool == "uv":
        return _lock_uv(project.folder, upgrade=upgrade, cooldown=cooldown)
    return _lock_conda(project, upgrade=upgrade, cooldown=cooldown)


def _lock_uv(folder: Path, *, upgrade: bool, cooldown: timedelta) -> str | None:
    # --no-build: a package of the repository's choice must not run code here.
    plain = ("lock", "--no-build")
    options = cooldown_options(folder, datetime.now(UTC) - cooldown) if upgrade and cooldown else ()
    ended = uv.attempt(folder, *plain, *(["--upgrade"] if upgrade else []), *options)
    if ended.returncode == 0 and options:
        # uv writes the options into the lock file, and `uv lock --check` would refuse it in the repository, which does
        # not have them. This removes them, and keeps the versions.
        ended = uv.attempt(folder, *plain)
    return None if ended.returncode == 0 else process.last_words(ended)[:LONGEST]


def cooldown_options(folder: Path, newest: datetime) -> tuple[str, ...]:
    """Return the options of uv that leave out young versions; none if the repository has a cooldown of its own.

    Args:
        folder: The repository.
        newest: The time from which on uploaded files are left out.
    """
    if "exclude-newer" in _table(folder / "pyproject.toml", "tool", "uv"):
        return ()
    options = ["--exclude-newer", newest.isoformat()]
    packages = _table(folder / "uv.lock").get("package", [])
    for name, uploaded in sorted(_uploads(packages).items()):
        if uploaded is None:
            options += ["--exclude-newer-package", f"{name}=false"]
        elif uploaded >= newest:  # no upgrade goes back behind the version that is locked
            options += ["--exclude-newer-package", f"{name}={(uploaded + timedelta(seconds=1)).isoformat()}"]
    return tuple(options)


def _table(path: Path, *keys: str) -> dict[str, Any]:
    """Return a table of a TOML file; an empty one if there is none, or the file is not valid: uv reports that."""
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        for key in keys:
            found = found[key]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _uploads(packages: object) -> dict[str, datetime | None]:
    """Return for each package of an index when its locked files were uploaded, or None if the index does not say."""
    found: dict[str, datetime | None] = {}
    for one in packages if isinstance(packages, list) else ():
        if "registry" in one.get("source", {}) and re.fullmatch(r"[A-Za-z0-9._-]+", one["name"]):
            times = list(_times(one))
            others = [time for time in (found.get(one["name"]),) if time]
            found[one["name"]] = max([*times, *others], default=None)
    return found


def _times(package: dict[str, Any]) -> Iterator[datetime]:
    for file in (package.get("sdist", {}), *package.get("wheels", ())):
        if "upload-time" in file:
            yield datetime.fromisoformat(file["upload-time"])


def _lock_conda(project: Project, *, upgrade: bool, cooldown: timedelta) -> str | None:
    from rnd.environments.conda import rattler
    from rnd.environments.conda.lockfile import LOCK

    if upgrade:  # a new lock file keeps no version of the old one
        (project.folder / LOCK).unlink(missing_ok=True)
    try:
        rattler.lock(project.folder, cooldown if upgrade else None)
    except RndError as error:
        if upgrade:
            git.attempt(project.folder, "checkout", "--quiet", "HEAD", "--", LOCK)
        return error.message[:LONGEST]
    return None

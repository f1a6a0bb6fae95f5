"""Locks the dependencies of an adopted repository, in the clone. Runs no code of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from rnd import process, uv
from rnd.adopt.credentials import without_credentials
from rnd.adopt.interpreter import chosen
from rnd.adopt.manifest import with_constraints
from rnd.environments.conda import rattler
from rnd.environments.errors import EnvironmentInvalid, LockInvalid, Unsolvable
from rnd.errors import PackagesUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.process import Completed

NOT_LOCKED = "The dependencies are not locked"  # the open point of a branch without an up-to-date lock file
NEWER = " A newer version can be locked for: --data python_version=X.Y."
ROUNDS = 20  # how often versions that contradict others are left out
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\{[^}]*\})?==")  # in a message of uv
FILES = {"uv": "uv.lock", "conda": "conda-lock.yml"}


def lock(clone: Path, tool: str, python: str, *, build: bool = False) -> str | None:
    """Write the lock file, and return None, or why there is none. What an existing one lists is kept where possible.

    Args:
        clone: The folder with the requirements.
        tool: `uv` or `conda`.
        python: The Python version that locks, where the clone names a program in its place.
        build: Whether packages without a wheel may be built, which runs their code.

    Raises:
        ExtraMissing: The tool is conda, and py-rattler is not installed.
    """
    if tool == "uv":
        completed = _run(clone, python, build=build)
        if completed.returncode == 0:
            return None
        hint = NEWER if "requested Python version" in completed.stderr else ""
        return without_credentials(f"{uv.last_cause(completed.stderr)}{hint}")
    try:
        rattler.lock(clone)
    except (EnvironmentInvalid, LockInvalid, Unsolvable, PackagesUnavailable) as error:
        return without_credentials(f"{' '.join(error.message.split())} {error.hint}")
    return None


def keep_versions(
    clone: Path, manifest: str, versions: Mapping[str, str], python: str, *, build: bool = False
) -> list[str]:
    """Write a `uv.lock` with exact versions, and return those that contradict the requirements, as `name==version`.

    uv prefers the versions that a lock file lists, so locking again without the constraints changes none of them:
    https://docs.astral.sh/uv/concepts/projects/sync/#upgrading-locked-package-versions

    Args:
        clone: The folder; its pyproject.toml is as before afterwards.
        manifest: The text of its pyproject.toml.
        versions: The version of each package, by normalised name.
        python: As for `lock`.
        build: As for `lock`.
    """
    path, kept = clone / "pyproject.toml", dict(versions)
    for _ in range(ROUNDS):
        pins = [f"{name}=={version}" for name, version in kept.items()]
        path.write_bytes(with_constraints(manifest, pins, "the versions of lock files").encode())
        completed = _run(clone, python, build=build)
        named = {canonicalize_name(name) for name in PIN.findall(completed.stderr)} & kept.keys()
        if completed.returncode == 0 or not named:
            break
        for name in named:
            del kept[name]
    path.write_bytes(manifest.encode())
    if completed.returncode != 0:  # pyrefly: ignore[unbound-name]  # there is at least one round
        kept.clear()
    return [f"{name}=={version}" for name, version in versions.items() if name not in kept]


def _run(clone: Path, python: str, *, build: bool) -> Completed:
    arguments = ("lock",) if build else ("lock", "--no-build")
    return uv.attempt(clone, *arguments, extra={**process.without_secrets(), **chosen(clone, python)})

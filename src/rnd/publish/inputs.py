"""What an image is made from, and the digest of that: two builds of one image differ, what they are made from does not.

Reads the repository, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from rnd import git, manifest
from rnd.errors import UncommittedChanges, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

VERSIONED = (manifest.MANIFEST, manifest.LOCK)
CONDA_LOCK = "conda-lock.yml"  # holds nothing of the project itself, its version neither
CONDA_INPUTS = (CONDA_LOCK, "environment.yml", "virtual-packages.yml", "scripts/check_lock.py")
FORMAT = 1  # of environments in a registry; another number when the same inputs give other bytes


@dataclass(frozen=True)
class Inputs:
    """What an image is made from.

    Attributes:
        project: The package's normalised name.
        version: The package's version, as `pyproject.toml` has it.
        revision: The commit.
        wheels: The published wheels by name, each with its SHA-256.
        digest: SHA-256 over all of it, and over the files and options of the build.
    """

    project: str
    version: str
    revision: str
    wheels: Mapping[str, str]
    digest: str


def require_commit(root: Path) -> str:
    """Return the commit that the work tree is a clean checkout of, apart from the version.

    Raises:
        UsageError: There is no commit yet.
        UncommittedChanges: The work tree differs from it in more than the version.
    """
    head = git.head(root)
    if head is None:
        raise UsageError("There is no commit yet that an image could be built from.", "Commit first.")
    changed = [line[3:] for line in git.changes(root, "--untracked-files=all", "--ignore-submodules=none")]
    changed = [name for name in changed if name not in VERSIONED or _differs_from_head(root, name)]
    if changed:
        raise UncommittedChanges(f"Not committed: {', '.join(changed)}.")
    return head


def _differs_from_head(root: Path, name: str) -> bool:
    before = git.attempt(root, "show", f"HEAD:{name}")
    return before is None or manifest.differs_in_more_than_version(root, name, before)


def read_inputs(root: Path, revision: str, wheels: Mapping[str, str], options: Mapping[str, str | None]) -> Inputs:
    """Return what the image of a repository is made from.

    Args:
        root: The repository, at that commit apart from the version.
        revision: The commit.
        wheels: What the package index has of the version.
        options: What changes the image beyond the repository's files, such as another base image.

    Raises:
        ManifestInvalid: `pyproject.toml` names no package or version.
    """
    content = _digests(root, [*_docker_files(root), *VERSIONED, CONDA_LOCK])
    given = {name: value for name, value in options.items() if value}
    whole = json.dumps([content, sorted(wheels.values()), given], sort_keys=True)
    digest = f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"
    name, version = canonicalize_name(manifest.read_name(root)), manifest.read_version(root)
    return Inputs(name, version, revision, wheels, digest)


def read_environment_key(root: Path, base: Sequence[str], options: Mapping[str, str | None]) -> str:
    """Return a digest over everything that decides the environment of an image: two images with one key can share it.

    It is the base image, everything in `docker/`, and what the lock file and its inputs contain besides the version.

    Args:
        root: The repository.
        base: The digests of the layers of the base image.
        options: What changes the image beyond the repository's files.

    Raises:
        ManifestInvalid: `pyproject.toml` or `uv.lock` cannot be read.
    """
    content = _digests(root, [*_docker_files(root), *CONDA_INPUTS])
    if not (root / CONDA_LOCK).is_file():
        content |= manifest.without_version(root)
    given = {name: value for name, value in options.items() if value}
    whole = json.dumps([FORMAT, list(base), content, given], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _docker_files(root: Path) -> list[str]:
    return git.run(root, "ls-files", "-z", "--", "docker").split("\0")


def _digests(root: Path, files: Iterable[str]) -> dict[str, str]:
    """Return the digest of each of the files that exist."""
    return {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in files if (root / name).is_file()}

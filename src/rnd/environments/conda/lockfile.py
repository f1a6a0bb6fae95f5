"""`conda-lock.yml`: every package of every platform, by address and digest. Reads and writes that one file.

The format is version 1 of conda-lock's, which micromamba and mamba install from by themselves, conda with the plugin
conda-lockfiles, and py-rattler too. The digests of what it was made from are in its `inputs_metadata`, where
`conda-lock lock --metadata input_sha` puts them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from rnd.environments.conda.specification import ENVIRONMENT, digests
from rnd.environments.errors import LockInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rnd.environments.conda.specification import Specification

LOCK = "conda-lock.yml"
HEADER = """\
# The exact packages of the environment, made by `rnd setup` from environment.yml; do not edit.
# Any of these installs it: micromamba, mamba, conda with the plugin conda-lockfiles, conda-lock.
"""


@dataclass(frozen=True)
class LockedPackage:
    """One package of one platform.

    Attributes:
        name: Such as `python`.
        version: Such as `3.11.7`.
        platform: Such as `linux-64`, of packages for any platform too.
        url: Where it is.
        md5: Its MD5, which every conda client checks.
        sha256: Its SHA-256, of packages whose channel tells it.
        dependencies: What it needs: name and version.
    """

    name: str
    version: str
    platform: str
    url: str
    md5: str
    sha256: str | None
    dependencies: Mapping[str, str]

    @property
    def identity(self) -> str:
        """Name, version and build, such as `python-3.11.7-0_cpython`: a client names its record of a package so."""
        name = PurePosixPath(self.url).name
        return name.removesuffix(".conda").removesuffix(".tar.bz2")


@dataclass(frozen=True)
class Lock:
    """What a lock file holds.

    Attributes:
        packages: Those of every platform.
        platforms: Those that it is for.
        inputs: For each file that it was made from, digests of its text.
    """

    packages: tuple[LockedPackage, ...]
    platforms: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, str]]

    def of(self, platform: str) -> tuple[LockedPackage, ...]:
        """Return the packages of one platform."""
        return tuple(package for package in self.packages if package.platform == platform)


def read_lock(folder: Path) -> Lock:
    """Read the lock file of a repository.

    Raises:
        LockInvalid: It cannot be read, or is not of this format.
    """
    try:
        document = yaml.load((folder / LOCK).read_text(encoding="utf-8"), Loader=_loader())  # noqa: S506 - a safe one
        if document["version"] != 1:
            raise LockInvalid(f"{LOCK} is of version {document['version']}; known is 1.")
        metadata = document["metadata"]
        return Lock(
            packages=tuple(_package(entry) for entry in document["package"] if entry["manager"] == "conda"),
            platforms=tuple(metadata["platforms"]),
            inputs=metadata.get("inputs_metadata") or {},
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LockInvalid(f"{LOCK} cannot be read: {error}.") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise LockInvalid(f"{LOCK} is no lock file of conda-lock's: {error!r}.") from error


def fits(lock: Lock, folder: Path) -> bool:
    """Say whether a lock was made from what `environment.yml`, and what else it names, say now."""
    now = digests(folder)
    return ENVIRONMENT in lock.inputs and all(
        name in now and found.get("sha256") == now[name]["sha256"] for name, found in lock.inputs.items()
    )


def write_lock(folder: Path, specification: Specification, packages: Iterable[LockedPackage]) -> None:
    """Write the lock file of a repository, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    inputs = digests(folder)
    metadata = {
        "content_hash": {platform: _content_hash(specification, platform) for platform in specification.requests},
        "channels": [{"url": channel, "used_env_vars": []} for channel in specification.channels],
        "platforms": sorted(specification.requests),
        "sources": [ENVIRONMENT],
        "inputs_metadata": inputs,
    }
    ordered = sorted(packages, key=lambda package: (package.name, package.platform))
    document = {"version": 1, "metadata": metadata, "package": [_entry(package) for package in ordered]}
    partial = folder / f"{LOCK}.{os.getpid()}.partial"
    try:
        partial.write_text(
            HEADER + yaml.dump(document, Dumper=_dumper(), sort_keys=False, width=1000), encoding="utf-8"
        )
        partial.replace(folder / LOCK)
    finally:
        partial.unlink(missing_ok=True)


def _content_hash(specification: Specification, platform: str) -> str:
    """Return a digest of what was asked for; conda-lock's own differs, and then makes it lock anew."""
    asked = {
        "channels": specification.channels,
        "specs": sorted(specification.requests[platform]),
        "virtual_packages": specification.virtual_packages.get(platform, {}),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _package(entry: dict[str, Any]) -> LockedPackage:
    return LockedPackage(
        name=entry["name"],
        version=str(entry["version"]),
        platform=entry["platform"],
        url=entry["url"],
        md5=entry["hash"]["md5"],
        sha256=entry["hash"].get("sha256"),
        dependencies=entry.get("dependencies") or {},
    )


def _entry(package: LockedPackage) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "manager": "conda",
        "platform": package.platform,
        "dependencies": dict(package.dependencies),
        "url": package.url,
        "hash": {"md5": package.md5} | ({"sha256": package.sha256} if package.sha256 else {}),
        "category": "main",
        "optional": False,
    }


def _loader() -> Any:  # noqa: ANN401
    """Return the safe loader in C where PyYAML was built with it: a large lock takes a second less."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _dumper() -> Any:  # noqa: ANN401
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)

"""Write the dependencies in the lock file, with their digests, as a CycloneDX document.

uv writes the document of a `uv.lock`. That of a `conda-lock.yml` is written here, for one platform. Reads the lock
file and writes one file.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from rnd import uv
from rnd.environments.conda.lockfile import LOCK, read_lock
from rnd.environments.conda.rattler import this_platform
from rnd.environments.extras import image_options
from rnd.manifest import read_name, read_version

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.environments.conda.lockfile import LockedPackage

VERSION = "1.5"  # https://cyclonedx.org/docs/1.5/json


def write_dependencies(root: Path, path: Path) -> None:
    """Write what a repository's lock file has, beyond its development tools where the lock file tells them apart.

    The extras that `[tool.rnd.extras]` selects for the image are included.

    Args:
        root: The repository.
        path: The file to write.

    Raises:
        LockInvalid: `conda-lock.yml` cannot be read.
        ExtrasInvalid: `[tool.rnd.extras]` is invalid.
        CommandFailed: uv cannot read `uv.lock`.
        OSError: The file cannot be written.
    """
    if not (root / LOCK).exists():
        export = ("export", "--quiet", "--frozen", "--no-dev", "--format", f"cyclonedx{VERSION}")
        uv.run(root, *export, *image_options(root), "--output-file", str(path.absolute()))
        return
    document = describe(read_name(root), read_version(root), read_lock(root).of(this_platform()))
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def describe(name: str, version: str, packages: tuple[LockedPackage, ...]) -> dict[str, Any]:
    """Return the document of a package and the conda packages of one platform that it is used with."""
    own = f"pkg:pypi/{quote(name)}@{quote(version)}"
    addresses = {package.name: package_url(package) for package in packages}
    needed = {
        package.name: sorted(addresses[need] for need in package.dependencies if need in addresses)
        for package in packages
    }
    component = {"type": "library", "bom-ref": own, "name": name, "version": version, "purl": own}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "version": 1,
        "metadata": {"component": component},
        "components": [_component(package, addresses[package.name]) for package in packages],
        "dependencies": [
            {"ref": own, "dependsOn": sorted(addresses.values())},
            *({"ref": addresses[package], "dependsOn": needs} for package, needs in needed.items()),
        ],
    }


def package_url(package: LockedPackage) -> str:
    """Return the package URL of a conda package (https://github.com/package-url/purl-spec, type `conda`)."""
    subdir = PurePosixPath(package.url).parent
    build = package.identity.removeprefix(f"{package.name}-{package.version}-")
    qualifiers = {"build": build, "channel": subdir.parent.name, "subdir": subdir.name}
    kind = "tar.bz2" if package.url.endswith(".tar.bz2") else "conda"
    return f"pkg:conda/{quote(package.name)}@{quote(package.version)}?{urlencode(qualifiers | {'type': kind})}"


def _component(package: LockedPackage, address: str) -> dict[str, Any]:
    digests = {"MD5": package.md5, "SHA-256": package.sha256}
    return {
        "type": "library",
        "bom-ref": address,
        "name": package.name,
        "version": package.version,
        "purl": address,
        "hashes": [{"alg": algorithm, "content": digest} for algorithm, digest in digests.items() if digest],
        "externalReferences": [{"type": "distribution", "url": package.url}],
    }

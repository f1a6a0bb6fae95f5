"""Reads the requirements of an environment from `environment.yml` and `virtual-packages.yml`.

Both have conda-lock's format: the key `platforms`, comments such as `# [linux]` that restrict a line to some platforms,
and virtual packages that describe a machine's system (https://conda.github.io/conda-lock).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from rnd import bounded_yaml
from rnd.environments.errors import EnvironmentInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENVIRONMENT = "environment.yml"
VIRTUAL_PACKAGES = "virtual-packages.yml"
EDITABLE = "-e ."
# The names of each platform in comments.
SELECTORS = {
    "linux-64": {"linux", "linux64", "unix"},
    "linux-aarch64": {"linux", "aarch64", "unix"},
    "linux-ppc64le": {"linux", "ppc64le", "unix"},
    "osx-64": {"osx", "osx64", "unix"},
    "osx-arm64": {"osx", "arm64", "unix"},
}
SELECTOR = re.compile(r"\s#.*\[(\w+)\]\s*$")
# A password or a token in a URL: it would be written to the lock file.
CREDENTIALS = re.compile(r"://[^/]*@|/t/")


@dataclass(frozen=True)
class Specification:
    """The requirements of an environment.

    Attributes:
        channels: Names or URLs, in order of priority.
        requests: Match specifications, such as `python 3.11.*`, for each platform, such as `linux-64`.
        virtual_packages: For each platform, names and `version` or `version build` of its virtual packages.
    """

    channels: tuple[str, ...]
    requests: Mapping[str, tuple[str, ...]]
    virtual_packages: Mapping[str, Mapping[str, str]]


def read_specification(folder: Path) -> Specification:
    """Read the requirements of a repository's environment.

    Raises:
        EnvironmentInvalid: One of the two files cannot be read, or contains something that cannot be locked.
    """
    text = _read(folder / ENVIRONMENT)
    document = _mapping(ENVIRONMENT, text)
    channels = tuple(channel for channel in _texts(document, "channels") if channel != "nodefaults")
    for channel in channels:
        if CREDENTIALS.search(channel):
            raise EnvironmentInvalid(
                f"The URL of a channel in {ENVIRONMENT} contains a password or a token.",
                "Remove it from the URL, revoke it, and store the new one as docs/how-to/conda.md describes.",
            )
    platforms = _texts(document, "platforms")
    if unknown := sorted(set(platforms) - SELECTORS.keys()):
        known = ", ".join(SELECTORS)
        raise EnvironmentInvalid(f"Unknown platform {unknown[0]} in {ENVIRONMENT}; supported platforms: {known}.")
    return Specification(
        channels=channels,
        requests={platform: tuple(_requests(_selected(text, platform))) for platform in platforms},
        virtual_packages=_virtual_packages(folder / VIRTUAL_PACKAGES),
    )


def digests(folder: Path) -> dict[str, dict[str, str]]:
    """Return the MD5 and SHA-256 digests of the text of each input file of a lock, as conda-lock computes them."""
    found = {}
    for path in (folder / ENVIRONMENT, folder / VIRTUAL_PACKAGES):
        if path.exists():
            text = _read(path).encode()
            md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
            found[path.name] = {"md5": md5, "sha256": hashlib.sha256(text).hexdigest()}
    return found


def _selected(text: str, platform: str) -> str:
    """Return the lines that apply to a platform."""
    lines = ((line, SELECTOR.search(line)) for line in text.splitlines())
    return "\n".join(line for line, word in lines if word is None or word[1] in SELECTORS[platform])


def _requests(text: str) -> Iterator[str]:
    """Yield the conda requirements; the only pip requirement allowed is the project itself, editable."""
    for item in _mapping(ENVIRONMENT, text).get("dependencies") or ():
        if isinstance(item, str):
            yield item
        elif item != {"pip": [EDITABLE]}:
            raise EnvironmentInvalid(
                f"{ENVIRONMENT} requires {yaml.safe_dump(item, default_flow_style=True).strip()}, "
                "but only packages from conda channels can be locked.",
                f"Under `pip:`, keep only `{EDITABLE}`, and list the others as conda packages.",
            )


def _virtual_packages(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    subdirs: Any = _mapping(path.name, _read(path)).get("subdirs")
    try:
        return {
            platform: {name: str(version) for name, version in entry["packages"].items()}
            for platform, entry in subdirs.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise EnvironmentInvalid(
            f"{path.name} must have the structure `subdirs:`, a platform, `packages:`, name: version."
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentInvalid(f"{path.name} cannot be read: {error}.") from error


def _mapping(name: str, text: str) -> dict[str, Any]:
    try:
        bounded_yaml.check_depth(text)
        document = yaml.load(text, Loader=bounded_yaml.LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise EnvironmentInvalid(f"{name} is not valid YAML: {error}.") from error
    if not isinstance(document, dict):
        raise EnvironmentInvalid(f"{name} has no keys.")
    return document


def _texts(document: dict[str, Any], key: str) -> list[str]:
    found = document.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise EnvironmentInvalid(f"{ENVIRONMENT} has no list `{key}`.")
    return found

"""What an environment shall hold: reads `environment.yml` and `virtual-packages.yml`, those two files alone.

Both are read as conda-lock reads them: the key `platforms`, comments such as `# [linux]` that keep a line for some
platforms only, and the virtual packages that stand for a machine's own system (https://conda.github.io/conda-lock).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from rnd.environments.errors import EnvironmentInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENVIRONMENT = "environment.yml"
VIRTUAL_PACKAGES = "virtual-packages.yml"
EDITABLE = "-e ."
# The words that a comment may name a platform by.
SELECTORS = {
    "linux-64": {"linux", "linux64", "unix"},
    "linux-aarch64": {"linux", "aarch64", "unix"},
    "linux-ppc64le": {"linux", "ppc64le", "unix"},
    "osx-64": {"osx", "osx64", "unix"},
    "osx-arm64": {"osx", "arm64", "unix"},
}
SELECTOR = re.compile(r"\s#.*\[(\w+)\]\s*$")
# A password or a token in an address: it would be written into the lock file.
CREDENTIALS = re.compile(r"://[^/]*@|/t/")


@dataclass(frozen=True)
class Specification:
    """What an environment shall hold.

    Attributes:
        channels: Names or addresses, the first one preferred.
        requests: For each platform, such as `linux-64`, what is asked for, such as `python 3.11.*`.
        virtual_packages: For each platform, name and `version` or `version build` of what its machines have.
    """

    channels: tuple[str, ...]
    requests: Mapping[str, tuple[str, ...]]
    virtual_packages: Mapping[str, Mapping[str, str]]


def read_specification(folder: Path) -> Specification:
    """Read what the environment of a repository shall hold.

    Raises:
        EnvironmentInvalid: One of the two files cannot be read, or asks for what cannot be locked.
    """
    text = _read(folder / ENVIRONMENT)
    document = _mapping(ENVIRONMENT, text)
    channels = tuple(channel for channel in _texts(document, "channels") if channel != "nodefaults")
    for channel in channels:
        if CREDENTIALS.search(channel):
            raise EnvironmentInvalid(
                f"A channel of {ENVIRONMENT} holds a password or a token.",
                "Take it out of the address, change it, and keep it where docs/how-to/conda.md says.",
            )
    platforms = _texts(document, "platforms")
    if unknown := sorted(set(platforms) - SELECTORS.keys()):
        known = ", ".join(SELECTORS)
        raise EnvironmentInvalid(f"{ENVIRONMENT} names the platform {unknown[0]}; known are {known}.")
    return Specification(
        channels=channels,
        requests={platform: tuple(_requests(_selected(text, platform))) for platform in platforms},
        virtual_packages=_virtual_packages(folder / VIRTUAL_PACKAGES),
    )


def digests(folder: Path) -> dict[str, dict[str, str]]:
    """Return MD5 and SHA-256 of each file that a lock is made from, of their text as conda-lock takes them."""
    found = {}
    for path in (folder / ENVIRONMENT, folder / VIRTUAL_PACKAGES):
        if path.exists():
            text = _read(path).encode()
            md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
            found[path.name] = {"md5": md5, "sha256": hashlib.sha256(text).hexdigest()}
    return found


def _selected(text: str, platform: str) -> str:
    """Return the lines that are for a platform."""
    lines = ((line, SELECTOR.search(line)) for line in text.splitlines())
    return "\n".join(line for line, word in lines if word is None or word[1] in SELECTORS[platform])


def _requests(text: str) -> Iterator[str]:
    """Yield what conda is asked for; of pip nothing is asked but the package itself, editable."""
    for item in _mapping(ENVIRONMENT, text).get("dependencies") or ():
        if isinstance(item, str):
            yield item
        elif item != {"pip": [EDITABLE]}:
            raise EnvironmentInvalid(
                f"{ENVIRONMENT} asks for {yaml.safe_dump(item, default_flow_style=True).strip()}, "
                "and only packages of conda channels can be locked.",
                f"Under `pip:`, leave `{EDITABLE}` alone, and ask for the others as conda packages.",
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
            f"{path.name} should read `subdirs:`, a platform, `packages:`, name: version."
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentInvalid(f"{path.name} cannot be read: {error}.") from error


def _mapping(name: str, text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EnvironmentInvalid(f"{name} is no valid YAML: {error}.") from error
    if not isinstance(document, dict):
        raise EnvironmentInvalid(f"{name} holds no keys.")
    return document


def _texts(document: dict[str, Any], key: str) -> list[str]:
    found = document.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise EnvironmentInvalid(f"{ENVIRONMENT} has no list `{key}`.")
    return found

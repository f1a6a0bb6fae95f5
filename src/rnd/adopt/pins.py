"""The exact versions in lock files of other tools: uv locks the same ones, so nothing is upgraded. Pure.

The formats are those of https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock, https://pipenv.pypa.io,
https://pdm-project.org/en/latest/usage/lockfile/ and https://pip-tools.readthedocs.io.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.adopt.requirements import RequirementFile
    from rnd.adopt.tree import Tree

TOML_LOCKS = ("poetry.lock", "pdm.lock")
PIPENV_LOCK = "Pipfile.lock"


@dataclass(frozen=True)
class Pins:
    """The exact versions of one lock file.

    Attributes:
        source: Its path.
        versions: The version of each package, by normalised name.
        left_out: Packages that have several versions, or do not come from an index.
    """

    source: str
    versions: dict[str, str]
    left_out: tuple[str, ...] = ()


def read_pins(tree: Tree, requirements: list[RequirementFile]) -> list[Pins]:
    """Return the versions of all lock files of other tools; a file that cannot be read has none.

    Args:
        tree: The files.
        requirements: The requirement files; those that pip-compile or uv wrote are lock files.
    """
    found = [_pins(path, _packages(tree.text(path))) for path in TOML_LOCKS if path in tree.files]
    if PIPENV_LOCK in tree.files:
        found.append(_pins(PIPENV_LOCK, _pipenv(tree.text(PIPENV_LOCK))))
    found += [
        _pins(file.path, [tuple(re.split(r"\s*==\s*", pin, maxsplit=1)) for pin in map(_bare, file.pins)])
        for file in requirements
        if file.compiled
    ]
    return [one for one in found if one.versions or one.left_out]


def combine(found: list[Pins]) -> tuple[dict[str, str], list[str]]:
    """Return the version of each package, and the packages for which the files have different ones."""
    versions: dict[str, str] = {}
    different: set[str] = set()
    for pins in found:
        for name, version in pins.versions.items():
            if versions.setdefault(name, version) != version:
                different.add(name)
    return {name: version for name, version in versions.items() if name not in different}, sorted(different)


def _bare(pin: str) -> str:
    """Return a pin without extras and marker."""
    return re.sub(r"\[[^\]]*\]", "", pin.partition(";")[0]).strip()


def _pins(source: str, packages: list[tuple[str, ...]]) -> Pins:
    versions: dict[str, set[str]] = {}
    for name, *version in packages:
        versions.setdefault(canonicalize_name(name), set()).update(version)
    single = {name: next(iter(found)) for name, found in versions.items() if len(found) == 1}
    valid = {name: version for name, version in single.items() if _is_version(version)}
    return Pins(source, dict(sorted(valid.items())), tuple(sorted(versions.keys() - valid.keys())))


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _packages(text: str | None) -> list[tuple[str, ...]]:
    """Return name and version of each package; one from an address or a folder has no version that counts."""
    try:
        listed: list[dict[str, Any]] = tomllib.loads(text or "").get("package", [])
        return [
            (str(one["name"]),) if _is_elsewhere(one) else (str(one["name"]), str(one["version"])) for one in listed
        ]
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError, RecursionError):
        return []


def _is_elsewhere(package: dict[str, Any]) -> bool:
    kind = package.get("source", {}).get("type", "legacy")
    return kind != "legacy" or any(key in package for key in ("git", "path", "url"))


def _pipenv(text: str | None) -> list[tuple[str, ...]]:
    try:
        document = json.loads(text or "{}")
        return list(_pipenv_packages(document))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []


def _pipenv_packages(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for section in ("default", "develop"):
        for name, entry in document.get(section, {}).items():
            version = str(entry.get("version", ""))
            yield (name, version.removeprefix("==")) if version.startswith("==") else (name,)

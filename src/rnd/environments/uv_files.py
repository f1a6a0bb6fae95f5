"""What `pyproject.toml`, `uv.lock` and `.venv` say, read without running uv.

uv runs the interpreter in `.venv` and can run a build backend of the repository. Reads files only.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from rnd.environments.distributions import distributions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Requested = set[tuple[str, str, SpecifierSet]]  # group or "", name, versions


def differs_from_lock(folder: Path) -> str | None:
    """Return how `pyproject.toml` differs from `uv.lock`, or None if they name the same requirements.

    The lock file repeats the requirements that it was made for. Versions, extras and groups are compared; markers and
    sources are not.

    Args:
        folder: The root of a repository.
    """
    try:
        manifest, lock = (tomllib.loads((folder / name).read_text("utf-8")) for name in ("pyproject.toml", "uv.lock"))
        name = canonicalize_name(manifest["project"]["name"])
        own = next(entry for entry in lock["package"] if entry["name"] == name)
        differing = _requested(manifest) ^ _locked(own.get("metadata", {}))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        return f"uv.lock cannot be compared with pyproject.toml: {type(error).__name__}"
    return f"uv.lock is out of date for {', '.join(sorted({one for _, one, _ in differing}))}" if differing else None


def differs_from_environment(folder: Path) -> str | None:
    """Return how `.venv` differs from `uv.lock`, or None if each installed package has its locked version.

    Args:
        folder: The root of a repository.
    """
    try:
        lock = tomllib.loads((folder / "uv.lock").read_text("utf-8"))
        locked = {(entry["name"], entry.get("version")) for entry in lock["package"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return f"uv.lock cannot be read: {type(error).__name__}"
    names = [re.sub(r"\.dist-info$", "", path.name).partition("-") for path in distributions(folder / ".venv")]
    installed = {(canonicalize_name(name), version) for name, _, version in names}
    other = sorted(name for name, version in installed - locked if (name, None) not in locked)
    return f".venv has another {', '.join(other)} than uv.lock" if other else None


def _requested(manifest: dict[str, Any]) -> Requested:
    project, groups = manifest["project"], manifest.get("dependency-groups", {})
    lists = {"": project.get("dependencies", []), **project.get("optional-dependencies", {})}
    lists |= {group: _expanded(groups, group, ()) for group in groups}
    return {requested for group, lines in lists.items() for requested in _parsed(group, lines)}


def _expanded(groups: dict[str, Any], group: str, within: tuple[str, ...]) -> list[str]:
    """Return the requirements of a dependency group and of the groups that it includes (PEP 735)."""
    if group in within:
        raise ValueError(f"the dependency group {group} includes itself")
    found: list[str] = []
    for line in groups[group]:
        found += [line] if isinstance(line, str) else _expanded(groups, line["include-group"], (*within, group))
    return found


def _parsed(group: str, lines: Iterable[str]) -> Requested:
    try:
        requirements = [Requirement(line) for line in lines]
    except InvalidRequirement as error:
        raise ValueError(str(error)) from error
    return {(group, canonicalize_name(one.name), one.specifier) for one in requirements}


def _locked(metadata: dict[str, Any]) -> Requested:
    try:
        found = {
            (_extra(entry), entry["name"], SpecifierSet(entry.get("specifier", "")))
            for entry in metadata.get("requires-dist", [])
        }
        for group, entries in metadata.get("requires-dev", {}).items():
            found |= {(group, entry["name"], SpecifierSet(entry.get("specifier", ""))) for entry in entries}
    except InvalidSpecifier as error:
        raise ValueError(str(error)) from error
    return found


def _extra(entry: dict[str, Any]) -> str:
    """Return the extra that a requirement belongs to; uv writes it as a marker."""
    extra = re.search(r"extra == '([^']+)'", entry.get("marker", ""))
    return extra[1] if extra else ""

"""What an adoption must keep and no wheel shows: tables of tools, development requirements, indexes. Pure.

The indexes are found in the texts by rules of their own, not by those that the adoption reads them with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rnd.adopt.credentials import without_credentials
from rnd.adopt.requirements import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.tree import Tree

MANIFEST = "pyproject.toml"
# Tables that the wheel shows, and those of Poetry, which [project] and [dependency-groups] replace.
SHOWN = {"setuptools", "poetry"}
# An address of an index: an option of pip, or a key of Pipfile, Poetry and uv.
OPTION = re.compile(r"(?m)^\s*(?:-i|--index-url|--extra-index-url|-f|--find-links)[ =]\s*(\S+)")
SOURCE = re.compile(
    r"""(?ms)^\[\[(?:source|tool\.poetry\.source|tool\.uv\.index)\]\][^\[]*?^url\s*=\s*["']([^"']+)["']"""
)
PUBLIC = re.compile(r"https://pypi\.org/simple/?")


def lost(before: Tree, after: Tree, documents: tuple[dict[str, Any], dict[str, Any]], found: Analysis) -> list[str]:
    """Return what is gone or has another value, one line each.

    Args:
        before: The files of the old commit.
        after: The files of the new one.
        documents: The data of pyproject.toml before and after.
        found: The analysis; what an open point names is not lost.
    """
    old, new = documents
    tables = {name: table for name, table in old.get("tool", {}).items() if name not in SHOWN}
    lines = [f"{MANIFEST}: {line}" for line in _changed(tables, new.get("tool", {}), "tool")]
    return [*lines, *_lost_groups(new, found), *_lost_indexes(before, after, found)]


def _changed(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    """Yield each key whose value is gone or different; a list and a table may get more entries."""
    for key, value in old.items():
        name, present = f"{where}.{key}", new.get(key)
        if present is None:
            yield f"{name} is gone"
        elif isinstance(value, dict) and isinstance(present, dict):
            yield from _changed(value, present, name)
        elif isinstance(value, list) and isinstance(present, list):
            if [one for one in value if one not in present]:
                yield f"{name} is different"
        elif value != present:
            yield f"{name} is different"


def _lost_groups(new: dict[str, Any], found: Analysis) -> Iterator[str]:
    """Yield each development requirement that no group has, and no open point names."""
    if found.environment is not None:
        return
    project = new.get("project", {})
    lines = [*_listed(new.get("dependency-groups", {})), *(project.get("dependencies") or [])]
    there = {*map(_name, lines), canonicalize_name(str(found.declared.value("name")))}
    wanted = [(str(line), fact.source) for fact in found.declared.groups.values() for line in fact.value]
    files = (file for file in found.requirements if file.role and not file.compiled)
    wanted += [(line, file.path) for file in files for line in file.requirements]
    for line, source in dict.fromkeys(wanted):
        if not line.startswith("{") and _name(line) not in there:
            yield f"development requirement: {line} of {source} is gone"


def _listed(groups: dict[str, list[Any]]) -> list[str]:
    return [line for group in groups.values() for line in group if isinstance(line, str)]


def _lost_indexes(before: Tree, after: Tree, found: Analysis) -> Iterator[str]:
    """Yield each index that [[tool.uv.index]] does not have, and no open point names."""
    named = " ".join(point.message for point in found.points)
    declared = after.text(MANIFEST) or ""
    for path in sorted(before.matching(rf"{PATHS}|Pipfile|{re.escape(MANIFEST)}")):
        text = before.text(path) or ""
        for address in [*OPTION.findall(text), *SOURCE.findall(text)]:
            bare = without_credentials(address)
            if not PUBLIC.fullmatch(bare) and bare not in named and address not in declared:
                yield f"index: {bare} of {path} is gone"


def _name(line: str) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return line

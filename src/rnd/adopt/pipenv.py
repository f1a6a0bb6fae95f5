"""Reads a Pipfile: development dependencies, and what the package itself does not declare. Pure.

The format is that of https://github.com/pypa/pipfile.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rnd.adopt.credentials import without_credentials
from rnd.adopt.facts import Fact, OpenPoint

if TYPE_CHECKING:
    from rnd.adopt.facts import Declared
    from rnd.adopt.tree import Tree

FILE = "Pipfile"
PUBLIC = "https://pypi.org/simple"
GROUP = "pipfile"  # what [packages] installs and the package does not declare


def read_pipfile(tree: Tree, declared: Declared) -> None:
    """Add what the Pipfile at the root declares; the file stays.

    Args:
        tree: The files.
        declared: What the manifests declare; its groups and points change.
    """
    if FILE not in tree.files:
        return
    try:
        document = tomllib.loads(tree.text(FILE) or "")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        declared.points.append(OpenPoint("pipfile-invalid", f"Pipfile is not valid: {error}.", FILE, blocks=True))
        return
    own = {_name(line) for line in declared.value("dependencies") or []} | {
        canonicalize_name(str(declared.value("name") or ""))
    }
    packages = _section(document, "packages", declared)
    more = [line for line in packages if _name(line) not in own]
    development = _section(document, "dev-packages", declared)
    for group, section, lines in ((GROUP, "packages", more), ("dev", "dev-packages", development)):
        if lines:
            present = declared.groups.get(group, Fact([], FILE)).value
            declared.groups[group] = Fact([*present, *lines], f"{FILE} [{section}]")
    if more:
        message = (
            f"{', '.join(map(_name, more))}: the environment has it, and the package does not declare it. It is in the "
            f"group `{GROUP}`; move it to the dependencies if the package imports it."
        )
        declared.points.append(OpenPoint("pipfile-packages", message, f"{FILE} [packages]"))
    declared.points += _others(document)
    message = "The file and its lock stay; uv.lock keeps their versions. Delete them once nothing installs from them."
    declared.points.append(OpenPoint("pipfile-stays", message, FILE))


def _others(document: dict[str, Any]) -> list[OpenPoint]:
    """Return a point for each other thing that pyproject.toml does not take over: indexes and scripts."""
    points = []
    for source in document.get("source", []):
        address = without_credentials(str(source.get("url", "")))
        if address.rstrip("/") != PUBLIC:
            message = f"The index {address} is used; declare it in [[tool.uv.index]]."
            points.append(OpenPoint("index", message, f"{FILE} [[source]]"))
    if document.get("scripts"):
        message = f"These have no counterpart: {', '.join(document['scripts'])}."
        points.append(OpenPoint("pipfile-scripts", message, f"{FILE} [scripts]"))
    return points


def python_of_pipfile(tree: Tree) -> Fact | None:
    """Return the Python version that the Pipfile requires, as a specifier, or None."""
    try:
        requires = tomllib.loads(tree.text(FILE) or "").get("requires", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    version = str(requires.get("python_full_version") or requires.get("python_version") or "")
    found = re.match(r"3\.\d+", version)
    return Fact(f"=={found[0]}.*", f"{FILE} [requires]") if found else None


def _section(document: dict[str, Any], section: str, declared: Declared) -> list[str]:
    """Return the requirements of a section; what PEP 508 cannot express, and the package itself, is left out."""
    lines = []
    for name, wanted in document.get(section, {}).items():
        table = wanted if isinstance(wanted, dict) else {"version": wanted}
        if str(table.get("path", "")) in {".", "./"}:
            continue  # the package itself
        line = None if {"path", "file", "index"} & set(table) else _requirement(name, table)
        if line is None:
            message = f"{name} is not taken over; declare it in [dependency-groups] and [tool.uv.sources]."
            declared.points.append(OpenPoint("pipfile-entry", message, f"{FILE} [{section}]"))
        else:
            lines.append(line)
    return lines


def _requirement(name: str, table: dict[str, Any]) -> str | None:
    extras = f"[{','.join(table['extras'])}]" if table.get("extras") else ""
    if "git" in table:
        address = f" @ git+{table['git']}{'@' + table['ref'] if table.get('ref') else ''}"
    else:
        address = "" if str(table.get("version", "*")) == "*" else str(table["version"])
    markers = [str(table["markers"])] if table.get("markers") else []
    markers += [f"{key} {table[key]}" for key in ("sys_platform", "os_name", "python_version") if key in table]
    joined = " and ".join(markers)
    line = f"{name}{extras}{address}" + (f" ; {joined}" if joined else "")
    try:
        Requirement(line)
    except InvalidRequirement:
        return None
    return line


def _name(line: str) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return line

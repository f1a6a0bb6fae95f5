"""Reads a pyproject.toml: `[project]`, Poetry's and flit's older tables, the build backend. Pure."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Declared, Fact, OpenPoint
from rnd.adopt.poetry import read_poetry

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

FILE = "pyproject.toml"
COMPILING = {"scikit-build-core", "scikit-build", "meson-python", "maturin", "setuptools-rust", "cmake", "enscons"}
# Backends that derive the version from tags and write it into a file.
FROM_TAGS = (
    "setuptools-scm",
    "setuptools_scm",
    "hatch-vcs",
    "versioningit",
    "pbr",
    "poetry-dynamic-versioning",
    "flit-scm",
)


def read_document(tree: Tree) -> dict[str, Any]:
    """Return the data of the pyproject.toml at the root; empty if there is none.

    Raises:
        ValueError: It is not valid TOML.
    """
    return tomllib.loads(tree.text(FILE) or "")


def read_pyproject(tree: Tree) -> Declared:
    """Return what the pyproject.toml at the root declares about the package."""
    try:
        document = read_document(tree)
    except (ValueError, RecursionError) as error:
        return Declared(
            points=[OpenPoint("pyproject-invalid", f"pyproject.toml is not valid: {error}.", FILE, blocks=True)]
        )
    tool = document.get("tool", {})
    if "project" in document:
        declared = _project(document["project"], tree)
        if "poetry" in tool:  # Poetry 2 keeps its own keys beside [project]
            _poetry_2(tool["poetry"], declared)
    elif "poetry" in tool:
        declared = read_poetry(tool["poetry"], FILE)
    elif "metadata" in tool.get("flit", {}):
        declared = _old_flit(tool["flit"])
    else:
        declared = Declared()
    _backend(document, declared)
    _groups(document, declared)
    return declared


def _poetry_2(table: dict[str, Any], declared: Declared) -> None:
    """Take over what Poetry 2 keeps beside [project]: groups, what selects the files, a dynamic version."""
    older = read_poetry(table, FILE)
    declared.groups, declared.where, declared.modules = older.groups, older.where, older.modules
    declared.compiled = older.compiled
    # [project] has the dependencies: what Poetry adds to them does not change the wheel.
    declared.points += [replace(point, blocks=False) for point in older.points]
    if "version" in (declared.value("dynamic") or []) and "version" in older.fields:
        declared.fields["version"] = older.fields["version"]
        message = "[project] has the version afterwards, so this one is ignored; delete it."
        declared.points.append(OpenPoint("version-repeated", message, f"{FILE} [tool.poetry]"))


def _project(table: dict[str, Any], tree: Tree) -> Declared:
    declared = Declared()
    for key, value in table.items():
        if key != "dynamic":
            declared.fields[key] = Fact(value, f"{FILE} [project]")
    declared.fields.setdefault("dynamic", Fact(list(table.get("dynamic", [])), f"{FILE} [project]"))
    if not table.get("dynamic"):
        del declared.fields["dynamic"]
    if "dependencies" in table.get("dynamic", []) and "dependencies" not in table:
        _dynamic_dependencies(tree, declared)
    return declared


def _dynamic_dependencies(tree: Tree, declared: Declared) -> None:
    """Report dependencies that setuptools reads from a file while it builds: they stay dynamic, and work so."""
    dynamic = read_document(tree).get("tool", {}).get("setuptools", {}).get("dynamic", {})
    source = dynamic.get("dependencies", {}) if isinstance(dynamic, dict) else {}
    named = source.get("file", []) if isinstance(source, dict) else []
    message = (
        f"the dependencies are read from {named} during the build" if named else "the build computes the dependencies"
    )
    declared.points.append(OpenPoint("dynamic-dependencies", f"{message}; consider to list them in [project].", FILE))


def _old_flit(table: dict[str, Any]) -> Declared:
    """Report flit's metadata before version 3.2, which flit 4 no longer reads."""
    name = table["metadata"].get("dist-name") or table["metadata"].get("module", "")
    declared = Declared(fields={"name": Fact(name, f"{FILE} [tool.flit.metadata]")})
    message = "flit's old metadata is declared; convert it to [project] first (https://flit.pypa.io, `flit` history)"
    declared.points.append(OpenPoint("flit-metadata", f"{message}.", f"{FILE} [tool.flit.metadata]", blocks=True))
    declared.modules = (table["metadata"].get("module", ""),)
    return declared


def _backend(document: dict[str, Any], declared: Declared) -> None:
    system = document.get("build-system", {})
    if "build-backend" in system:
        declared.backend = Fact(system["build-backend"], f"{FILE} [build-system]")
    requires = tuple(system.get("requires", ()))
    if declared.backend is None or "poetry" not in str(declared.backend.value):
        declared.requires = requires
    names = {
        one.strip().lower().replace("_", "-").partition("[")[0].split(">")[0].split("=")[0].strip() for one in requires
    }
    for name in sorted(names & COMPILING):
        declared.compiled = Fact(name, f"{FILE} [build-system]")
    if "cython" in names or any(name.startswith("mypyc") or name == "mypy" for name in names):
        declared.compiled = Fact("cython" if "cython" in names else "mypyc", f"{FILE} [build-system]")
    setuptools = document.get("tool", {}).get("setuptools", {})
    if isinstance(setuptools, dict) and setuptools.get("ext-modules"):
        declared.compiled = Fact("ext-modules", f"{FILE} [tool.setuptools]")


def _groups(document: dict[str, Any], declared: Declared) -> None:
    """Take over the dependency groups, and PDM's and uv's older development dependencies."""
    for name, lines in document.get("dependency-groups", {}).items():
        declared.groups[name] = Fact(lines, f"{FILE} [dependency-groups]")
    tool = document.get("tool", {})
    older = {**tool.get("pdm", {}).get("dev-dependencies", {})}
    if listed := tool.get("uv", {}).get("dev-dependencies"):
        older["dev"] = listed
    for name, lines in older.items():
        declared.groups.setdefault(name, Fact(list(lines), f"{FILE} [tool]"))

"""Reads a repository that may join: from its files to an analysis, or a refusal with the reason. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rnd.adopt.analysis import Analysis, refuse_credentials
from rnd.adopt.conda import read_environment
from rnd.adopt.credentials import find_in_files
from rnd.adopt.errors import CompiledPackage, CredentialsCommitted, NoPackage, SeveralPackages
from rnd.adopt.facts import Declared, Fact
from rnd.adopt.layout import OTHER, find_compiled, find_layout, list_discovered
from rnd.adopt.open_points import open_points
from rnd.adopt.pins import read_pins
from rnd.adopt.pipenv import python_of_pipfile, read_pipfile
from rnd.adopt.pyproject import read_document, read_pyproject
from rnd.adopt.readme import find_readme
from rnd.adopt.requirements import read_requirements
from rnd.adopt.setup_cfg import read_setup_cfg
from rnd.adopt.setup_py import read_setup_py
from rnd.adopt.versions import find_version
from rnd.adopt.workflows import read_workflows

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree


MANIFESTS = re.compile(r"(?:(.+)/)?(?:setup\.py|pyproject\.toml|setup\.cfg)")
HOOKS = r"\.pre-commit-config\.ya?ml|\.?lefthook\.ya?ml|\.husky/[^_/][^/]*|\.overcommit\.yml"
SHOWN = 3


def analyse(tree: Tree, tag: str | None, branch: str) -> Analysis:
    """Return the analysis of the files of a commit.

    Args:
        tree: The files.
        tag: The newest release tag.
        branch: The branch that pull requests go to.

    Raises:
        RndError: The repository cannot join; the message says why.
    """
    requirements = read_requirements(tree)
    searched = {path for file in requirements for path in (file.path, *file.included)}
    if place := find_in_files(tree, searched):
        raise CredentialsCommitted(f"{place} has an address with credentials.")
    _refuse_without_package(tree)
    _refuse_several(tree)
    declared = read_declared(tree)
    read_pipfile(tree, declared)
    if compiled := find_compiled(tree, declared):
        raise CompiledPackage(f"The package has compiled extensions: {compiled.value} in {compiled.source}.")
    document = _document(tree)
    layout = find_layout(tree, declared)
    list_discovered(declared, layout, document, tree)
    find_version(declared, document, tree, tag)
    find_readme(declared, document, tree)
    environment = read_environment(tree)
    found = Analysis(declared, layout, document, requirements, read_workflows(tree), tag, branch, environment)
    found.pins = read_pins(tree, requirements)
    found.python = (environment.python() if environment else None) or python_of_pipfile(tree) or _python_file(tree)
    found.others = _files(tree)
    found.points = open_points(found, tree)
    refuse_credentials(found)
    return found


def read_declared(tree: Tree) -> Declared:
    """Return what all manifests declare; pyproject.toml goes before setup.py, and that before setup.cfg."""
    declared = read_pyproject(tree)
    if "name" in declared.fields:
        if "setup.py" in tree.files:  # it stays, and a build runs it
            declared.compiled = declared.compiled or read_setup_py(tree).compiled
        return declared
    kinds = [read for path, read in (("setup.py", read_setup_py), ("setup.cfg", read_setup_cfg)) if path in tree.files]
    for read in kinds:
        other = read(tree)
        declared.fields = {**other.fields, **declared.fields}
        declared.groups = {**other.groups, **declared.groups}
        declared.build = {**other.build, **declared.build}
        declared.modules = declared.modules or other.modules
        declared.where = declared.where or other.where
        declared.compiled = declared.compiled or other.compiled
        declared.replaces += other.replaces
        declared.points += other.points
    if kinds:  # setup.py and setup.cfg leave data files out by default, pyproject.toml does not
        declared.build.setdefault("setuptools", {}).setdefault("include-package-data", False)
    return declared


def _files(tree: Tree) -> dict[str, Fact]:
    """Return the facts that a file alone shows: which licence files and hooks there are."""
    found = {}
    if licenses := sorted(tree.matching(r"(?i:licen[cs]e|copying)[\w.-]*")):
        found["license-files"] = Fact(licenses, licenses[0])
    if hooks := next(tree.matching(HOOKS), None):
        names = re.findall(r"(?m)^\s*(?:- )?id:\s*['\"]?([\w-]+)", tree.text(hooks) or "")
        found["hooks"] = Fact(names or [PurePosixPath(hooks).name], hooks)
    return found


def _python_file(tree: Tree) -> Fact | None:
    """Return the version in `.python-version`, the file of pyenv and uv, or None."""
    found = re.match(r"\s*(3\.\d+)", tree.text(".python-version") or "")
    return Fact(f"=={found[1]}.*", ".python-version") if found else None


def _document(tree: Tree) -> dict[str, Any]:
    try:
        return read_document(tree)
    except (ValueError, RecursionError):
        return {}


def _refuse_without_package(tree: Tree) -> None:
    if not any(path.endswith((".py", ".ipynb")) for path in tree.files):
        raise NoPackage("The repository has no Python code.")
    manifests = [path for path in ("pyproject.toml", "setup.py", "setup.cfg") if path in tree.files]
    if re.search(r"(?m)^package-mode\s*=\s*false", tree.text("pyproject.toml") or ""):
        raise NoPackage("pyproject.toml has `package-mode = false`, so there is no package to release.")
    if not manifests and not _nested(tree):
        raise NoPackage("No pyproject.toml, setup.py or setup.cfg at the root declares a package.")


def _nested(tree: Tree) -> list[str]:
    """Return the folders below the root that have a manifest of a package, apart from tests, examples and the like."""
    found = set()
    for path in tree.files:
        match = MANIFESTS.fullmatch(path)
        if (
            match
            and match[1]
            and not OTHER & set(PurePosixPath(match[1]).parts)
            and _declares(path, tree.text(path) or "")
        ):
            found.add(match[1])
    return sorted(found)


def _declares(path: str, text: str) -> bool:
    form = {"setup.py": r"\bsetup\(", "setup.cfg": r"(?m)^\[metadata\]"}.get(PurePosixPath(path).name)
    return re.search(form or r"(?m)^\[(project|tool\.poetry)\]", text) is not None


def _refuse_several(tree: Tree) -> None:
    nested = _nested(tree)
    if nested:
        listed = ", ".join(nested[:SHOWN]) + (" …" if len(nested) > SHOWN else "")
        at_root = any(_declares(path, tree.text(path) or "") for path in ("pyproject.toml", "setup.py", "setup.cfg"))
        if at_root or len(nested) > 1:
            raise SeveralPackages(
                f"More than one folder declares a package: {'the root, ' if at_root else ''}{listed}."
            )
        raise NoPackage(f"The package is in {nested[0]}, not at the root.")
    if re.search(r"(?m)^\[tool\.uv\.workspace\]", tree.text("pyproject.toml") or ""):
        raise SeveralPackages("pyproject.toml declares a uv workspace.")

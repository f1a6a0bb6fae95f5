"""Where the package is in the tree: its import name and the folder above it. Pure.

The rules are those by which setuptools discovers packages (flat and src layout) and flit, hatchling, poetry-core and
pdm-backend select the one that is named like the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Fact
from rnd.adopt.toml_text import lookup

if TYPE_CHECKING:
    from rnd.adopt.facts import Declared
    from rnd.adopt.tree import Tree

# Folders that setuptools does not take for packages in a flat layout, and more that hold none.
OTHER = {
    "test", "tests", "doc", "docs", "example", "examples", "scripts", "tools", "util", "utils", "benchmark",
    "benchmarks", "build", "dist", "ci", "bin", "etc", "share", "notebooks", "tasks", "requirements", "vendor",
}  # fmt: skip
ADDED = ("docker", "notebooks", "scripts", "tests")  # folders that the template can add
COMPILED = r"(?:.*/)?[^/]+\.(?:pyx|pxd)|(?:.*/)?Cargo\.toml"


@dataclass(frozen=True)
class Layout:
    """The package in the tree.

    Attributes:
        modules: The import names at the top level, sorted.
        where: The folder that contains them: `src`, or empty for a flat layout.
        source: The file that shows it, and the reason.
    """

    modules: tuple[str, ...]
    where: str
    source: str


def find_layout(tree: Tree, declared: Declared) -> Layout | None:
    """Return the layout, or None if the tree has no package that the manifests could mean."""
    for where in _roots(tree, declared):
        found = _modules(tree, where)
        if declared.modules:
            names = {name for name in declared.modules if name in found or _is_namespace(tree, where, name)}
            if "setuptools.packages.find" in declared.build:  # the manifest lists modules only, and finds packages
                names |= {name for name in found if _place(tree, where, name).endswith("/__init__.py")}
            listed = tuple(sorted(names))
            if listed:
                return Layout(listed, where, f"{_place(tree, where, listed[0])}, and the manifest lists it")
            continue
        expected = re.sub(r"[-_.]+", "_", str(declared.value("name") or "")).lower()
        named = [name for name in found if name.lower() == expected]
        if not named and expected and _is_namespace(tree, where, expected):
            named = [expected]
        if named:
            return Layout((named[0],), where, f"{_place(tree, where, named[0])}, named like the package")
        candidates = [name for name in found if f"{where}/{name}.py".lstrip("/") not in tree.files]
        if candidates:
            others = "the only package" if len(candidates) == 1 else "the first of several packages"
            return Layout(tuple(candidates), where, f"{_place(tree, where, candidates[0])}, {others} there")
    return None


def _is_namespace(tree: Tree, where: str, name: str) -> bool:
    """Return whether a folder without `__init__.py` has modules: several packages can share it (PEP 420)."""
    prefix = f"{where}/{name}/" if where else f"{name}/"
    return any(path.startswith(prefix) and path.endswith(".py") for path in tree.files)


def _place(tree: Tree, where: str, name: str) -> str:
    """Return the file that makes a name importable."""
    prefix = f"{where}/{name}" if where else name
    return next((path for path in (f"{prefix}/__init__.py", f"{prefix}.py") if path in tree.files), prefix)


def _roots(tree: Tree, declared: Declared) -> list[str]:
    """Return the folders that can contain the package, the declared one alone if there is one."""
    if declared.where is not None:
        return [str(declared.where.value).strip("/").removeprefix("./")]
    return ["src", ""] if tree.folders("src") else [""]


def _modules(tree: Tree, where: str) -> list[str]:
    """Return the names of the packages and modules directly in a folder."""
    prefix = f"{where}/" if where else ""
    packages = [
        name for name in tree.folders(where) if f"{prefix}{name}/__init__.py" in tree.files and name not in OTHER
    ]
    files = [path[len(prefix) : -3] for path in tree.matching(rf"{re.escape(prefix)}[A-Za-z_]\w*\.py")]
    return sorted({*packages, *(name for name in files if name not in {"setup", "conftest", "noxfile", "tasks"})})


def list_discovered(declared: Declared, layout: Layout | None, document: dict[str, Any], tree: Tree) -> None:
    """Name the package for a setuptools that discovers it in a flat layout: it would refuse a second folder, docker/.

    https://setuptools.pypa.io/en/latest/userguide/package_discovery.html#flat-layout

    Args:
        declared: What the manifests declare; the tables that select the content of the wheel change.
        layout: The layout.
        document: The data of pyproject.toml.
        tree: The files.
    """
    backend = str(declared.backend.value) if declared.backend else "setuptools"
    if layout is None or layout.where or not backend.startswith("setuptools"):
        return
    if _selects(declared.build, document):
        _exclude_added(declared, document, tree)
        return
    if "project" in document and re.search(r"\b(?:packages|py_modules)\b", _older(tree)):
        return
    packages = [name for name in layout.modules if f"{name}/__init__.py" in tree.files]
    if packages:
        include = [form for name in packages for form in (name, f"{name}.*")]
        declared.build["setuptools.packages.find"] = {"include": include}
    else:
        declared.build.setdefault("setuptools", {})["py-modules"] = list(layout.modules)


def _exclude_added(declared: Declared, document: dict[str, Any], tree: Tree) -> None:
    """Exclude the folders of the template where setuptools looks for packages without `__init__.py` in the root."""
    own = document.get("tool", {}).get("setuptools", {})
    find = declared.build.get("setuptools.packages.find") or lookup(own, "packages.find")
    if not isinstance(find, dict) or find.get("include") or not find.get("namespaces", True):
        return
    if any(one not in {".", ""} for one in find.get("where", ["."])):
        return
    added = [name for name in ADDED if name not in tree.folders("")]
    exclude = [*find.get("exclude", []), *(form for name in added for form in (name, f"{name}.*"))]
    declared.build["setuptools.packages.find"] = {**find, "exclude": exclude}


def _selects(build: dict[str, dict[str, Any]], document: dict[str, Any]) -> bool:
    """Return whether a manifest says which packages and modules are in the wheel."""
    own = document.get("tool", {}).get("setuptools", {})
    tables = (build.get("setuptools", {}), own if isinstance(own, dict) else {})
    return "setuptools.packages.find" in build or any({"packages", "py-modules"} & set(table) for table in tables)


def _older(tree: Tree) -> str:
    """Return the text of the manifests that a build reads beside pyproject.toml."""
    return f"{tree.text('setup.py') or ''}\n{tree.text('setup.cfg') or ''}"


def find_compiled(tree: Tree, declared: Declared) -> Fact | None:
    """Return why the package has compiled extensions: its manifest says so, or it has sources of Cython or Rust."""
    if declared.compiled is not None:
        return declared.compiled
    sources = sorted(tree.matching(COMPILED))
    inside = [path for path in sources if path.partition("/")[0] not in OTHER]
    return Fact("sources of Cython or Rust", inside[0]) if inside else None

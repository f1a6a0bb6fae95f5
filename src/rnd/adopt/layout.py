"""Where the package is in the tree: its import name and the folder above it. Pure.

The rules are those by which setuptools discovers packages (flat and src layout) and flit, hatchling, poetry-core and
pdm-backend select the one that is named like the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.adopt.facts import Fact

if TYPE_CHECKING:
    from rnd.adopt.facts import Declared
    from rnd.adopt.tree import Tree

# Folders that setuptools does not take for packages in a flat layout, and more that hold none.
OTHER = {
    "test", "tests", "doc", "docs", "example", "examples", "scripts", "tools", "util", "utils", "benchmark",
    "benchmarks", "build", "dist", "ci", "bin", "etc", "share", "notebooks", "tasks", "requirements", "vendor",
}  # fmt: skip
COMPILED = r"(?:.*/)?[^/]+\.(?:pyx|pxd)|(?:.*/)?Cargo\.toml"


@dataclass(frozen=True)
class Layout:
    """The package in the tree.

    Attributes:
        modules: The import names at the top level, sorted.
        where: The folder that contains them: `src`, or empty for a flat layout.
        source: How they were found.
    """

    modules: tuple[str, ...]
    where: str
    source: str


def find_layout(tree: Tree, declared: Declared) -> Layout | None:
    """Return the layout, or None if the tree has no package that the manifests could mean."""
    for where in _roots(tree, declared):
        found = _modules(tree, where)
        if declared.modules:
            listed = tuple(sorted(name for name in declared.modules if name in found))
            if listed:
                return Layout(listed, where, "the manifest lists them")
            continue
        expected = re.sub(r"[-_.]+", "_", str(declared.value("name") or "")).lower()
        named = [name for name in found if name.lower() == expected]
        if named:
            return Layout((named[0],), where, f"named like the package, in {where or 'the root'}")
        candidates = [name for name in found if f"{where}/{name}.py".lstrip("/") not in tree.files]
        if candidates:
            return Layout(tuple(candidates), where, f"the packages in {where or 'the root'}")
    return None


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


def find_compiled(tree: Tree, declared: Declared) -> Fact | None:
    """Return why the package has compiled extensions: its manifest says so, or it has sources of Cython or Rust."""
    if declared.compiled is not None:
        return declared.compiled
    sources = sorted(tree.matching(COMPILED))
    inside = [path for path in sources if path.partition("/")[0] not in OTHER]
    return Fact("sources of Cython or Rust", inside[0]) if inside else None

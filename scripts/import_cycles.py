"""Find modules that import each other in a circle, imports for types included: part of `scripts.rules`."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Each package of this repository, and the folder that it is in.
PACKAGES = {
    "rnd": "src",
    "rnd_rehearsal": "packages/rnd-rehearsal/src",
    "rehearsal_tests": "packages/rnd-rehearsal/tests",
    "fake_github": "packages/fake-github/src",
    "fake_github_tests": "packages/fake-github/tests",
    "benchmarks": ".",
    "scripts": ".",
    "tests": ".",
}


def imports(root: Path) -> dict[str, set[str]]:
    """Return what each module imports, by its full name: modules, and names in modules.

    Args:
        root: The folder of the repository.
    """
    found = {}
    for package, folder in PACKAGES.items():
        for path in (root / folder / package).rglob("*.py"):
            parts = path.relative_to(root / folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = set(imported(path.read_text(encoding="utf-8")))
    return found


def imported(source: str) -> Iterator[str]:
    """Yield what a module imports anywhere in its code: `a.b` for `from a import b`, be it a module or not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def find_cycles(found: Mapping[str, set[str]]) -> list[str]:
    """Return a circle of modules that import each other, as a message, if there is one.

    Args:
        found: What each module imports, as `imports` returns it.
    """
    graph: dict[str, set[str]] = {}
    for name, names in found.items():
        there = {one if one in found else one.rpartition(".")[0] for one in names}
        graph[name] = (there & found.keys()) - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"modules import each other: {' <- '.join(error.args[1])}"]
    return []

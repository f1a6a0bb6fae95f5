"""The proof that the package is the same before and after the adoption."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from rnd.adopt.build import build_wheel, runs_code
from rnd.adopt.normal import normal_requirement, normal_specifier
from rnd.adopt.pyproject import read_document
from rnd.adopt.reasons import explain
from rnd.adopt.tree import read_tree
from rnd.adopt.unchanged import lost
from rnd.adopt.wheels import Wheel, differences
from rnd.errors import CommandFailed, PackagesUnavailable

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.repository import Existing
    from rnd.adopt.tree import Tree


@dataclass(frozen=True)
class Proof:
    """The comparison of two wheels.

    Attributes:
        compared: What was compared, as a sentence.
        differences: Each difference as one line, and what is lost that a wheel does not show.
        missing: Why the comparison is not complete; None if it is.
        explained: The differences that have a reason, with it.
    """

    compared: str
    differences: list[str] = field(default_factory=list)
    missing: str | None = None
    explained: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether both wheels were built and are the same, apart from differences with a reason."""
        return self.missing is None and not [line for line in self.differences if line not in self.explained]


def prove(existing: Existing, found: Analysis, commit: str, *, run_its_code: bool) -> Proof:
    """Build the wheels and compare them; without permission, run no code of the repository.

    Args:
        existing: The repository.
        found: The analysis.
        commit: The last commit of the branch.
        run_its_code: Whether builds may run code of the repository.
    """
    tree = read_tree(existing.root, commit)
    documents = (_document(existing.tree), read_document(tree))
    kept = lost(existing.tree, tree, documents, found)
    codes = (runs_code(existing.tree, documents[0]), runs_code(tree, documents[1]))
    if codes[1] and not run_its_code:
        return Proof("No wheel was built.", kept, f"A build runs {codes[1]}; `--run-its-code` permits it.")
    try:
        after = build_wheel(existing.root, commit)
        if codes[0] and not run_its_code:
            missing = f"A build of the old commit runs {codes[0]}; `--run-its-code` permits it."
            sentence = (
                "The new wheel was compared with what the manifests declare, and its modules with those of the commit."
            )
            lines = [*_declared_differences(found, after), *_missing_modules(found, existing, after), *kept]
            return Proof(sentence, lines, missing)
        before = build_wheel(existing.root, existing.commit)
    except (CommandFailed, PackagesUnavailable) as error:
        return Proof("A wheel could not be built.", kept, error.message.splitlines()[-1])
    return compare(found, (existing.tree, tree), (before, after))


def compare(found: Analysis, trees: tuple[Tree, Tree], wheels: tuple[Wheel, Wheel]) -> Proof:
    """Compare two commits by their wheels, and by what no wheel shows. Pure.

    Args:
        found: The analysis of the old commit.
        trees: The files of the old and of the new commit.
        wheels: Their wheels.
    """
    lines = [
        *differences(*wheels),
        *lost(trees[0], trees[1], (_document(trees[0]), read_document(trees[1])), found),
    ]
    sentence = "The wheels of both commits were built and compared."
    return Proof(sentence, lines, explained=explain(found, trees, wheels, lines))


def _document(tree: Tree) -> dict[str, Any]:
    """Return the data of an old pyproject.toml; empty if there is none that is valid."""
    try:
        return read_document(tree)
    except (ValueError, RecursionError):
        return {}


def declared_wheel(found: Analysis) -> Wheel:
    """Return the wheel that the manifests declare, without its files and tags."""
    value = found.declared.value
    requirements = [normal_requirement(line) for line in value("dependencies") or []]
    for extra, lines in (value("optional-dependencies") or {}).items():
        requirements += [normal_requirement(_with_extra(line, canonicalize_name(extra))) for line in lines]
    groups = {"console_scripts": value("scripts") or {}, "gui_scripts": value("gui-scripts") or {}}
    groups |= value("entry-points") or {}
    points = (
        f"{group}: {name} = {''.join(target.split())}"
        for group, table in groups.items()
        for name, target in table.items()
    )
    return Wheel(
        name=canonicalize_name(str(value("name"))),
        version=str(value("version")),
        python=normal_specifier(str(value("requires-python") or "")),
        requirements=frozenset(requirements),
        extras=frozenset(map(canonicalize_name, value("optional-dependencies") or {})),
        entry_points=frozenset(points),
    )


def _with_extra(line: str, extra: str) -> str:
    requirement, _, marker = line.partition(";")
    return f"{requirement.strip()} ; {f'({marker.strip()}) and ' if marker.strip() else ''}extra == '{extra}'"


def _declared_differences(found: Analysis, after: Wheel) -> list[str]:
    return [
        line
        for line in differences(declared_wheel(found), after)
        if not line.startswith(("files:", "tag:", "details:"))
    ]


def _missing_modules(found: Analysis, existing: Existing, after: Wheel) -> list[str]:
    """Return the Python files of the package that the wheel lacks."""
    if found.layout is None:
        return []
    prefix = f"{found.layout.where}/" if found.layout.where else ""
    roots = tuple(f"{prefix}{name}{end}" for name in found.layout.modules for end in ("/", ".py"))
    inside = [path for path in existing.tree.files if path.startswith(roots) and path.endswith(".py")]
    return [
        f"files: {path} is not in the wheel" for path in sorted(inside) if path.removeprefix(prefix) not in after.files
    ]

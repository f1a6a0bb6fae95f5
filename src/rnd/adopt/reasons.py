"""Why two wheels of an adoption may differ: each reason is a rule about one line of the comparison. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.adopt.wheels import INSIDE

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.tree import Tree
    from rnd.adopt.wheels import Wheel

ADDED = f"files: {INSIDE}"
# Poetry derives them from the Python versions and the licence, unless [project] lists classifiers:
# https://python-poetry.org/docs/pyproject/#classifiers
DERIVED = tuple(f"details: classifier {kind} ::" for kind in ("License", "Programming Language"))


def explain(found: Analysis, trees: tuple[Tree, Tree], wheels: tuple[Wheel, Wheel], lines: list[str]) -> dict[str, str]:
    """Return the lines that have a reason, with it.

    Args:
        found: The analysis.
        trees: The files of the old and of the new commit.
        wheels: Their wheels.
        lines: The differences.
    """
    reasons = ((line, _reason(line, found, trees, wheels[0])) for line in lines)
    return {line: reason for line, reason in reasons if reason}


def _reason(line: str, found: Analysis, trees: tuple[Tree, Tree], before: Wheel) -> str | None:
    """Return the reason for a difference, or None."""
    codes = {point.code for point in found.points}
    if line.startswith("version: ") and "version-from-tags" in codes:
        return "the version came from tags"  # a build between two releases has another one
    python = found.declared.fields.get("requires-python")
    if line.startswith("python: none →") and python is not None and python.source == "--data":
        return "no file declares them, and --data gives them"
    path = line.removeprefix(ADDED).removesuffix(" is new")
    if line == f"{ADDED}{path} is new" and path in trees[1].files and path not in trees[0].files:
        return "the template adds it"
    if line.startswith("details: description ") and not any(one.startswith("description ") for one in before.details):
        return "no manifest named a readme"
    if line.startswith("details: description ") and "description-computed" in codes:
        return "code computed it, as an open point says"
    listed = found.declared.value("classifiers") or []
    text = line.removeprefix("details: classifier ").removesuffix(" is gone")
    if "poetry" in found.document.get("tool", {}) and line.startswith(DERIVED) and text not in listed:
        return "Poetry derived it"
    return None

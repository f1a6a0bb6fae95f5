"""What stands in the way of a watched repository that may join the fleet, as far as its file names say. Read-only.

`rnd adopt --plan` in a clone says it exactly; this needs no clone, and costs one point for 100 repositories.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rnd.fleet.nodes import read_each
from rnd.fleet.queries import ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View

    Node = Mapping[str, Any]

BATCH = 20  # repositories; each answer has the names of two levels of files
READY, SEVERAL = "can join", "more than one package"
MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg")
NESTED = ("pyproject.toml", "setup.py")  # below the root, setup.cfg often only configures a tool
# Folders whose packages are not released.
OTHER = {"test", "tests", "example", "examples", "doc", "docs", "benchmarks", "scripts", "tools", "vendor"}
WORKSPACE = re.compile(r"(?m)^\[tool\.uv\.workspace\]")


class Joining(NamedTuple):
    """What stands in the way, or `READY`, and the path in the repository that shows it; empty for its root."""

    reason: str
    path: str = ""


def with_joining(reader: Reader, view: View) -> View:
    """Return the fleet with what stands in the way of each watched repository."""
    watched = [one.member.node_id for one in view.repositories if one.member.watched]
    nodes = reader.in_batches(watched, BATCH, lambda batch: read_each(reader, ROOTS, batch))
    known = {key: in_the_way(one.node) for key, one in nodes.items() if one.node is not None and one.error is None}
    repositories = tuple(
        replace(one, joining=found.reason, joining_at=found.path)
        if (found := known.get(one.member.node_id)) is not None
        else one
        for one in view.repositories
    )
    return replace(view, repositories=repositories, queries=reader.queries, points=reader.points)


def in_the_way(node: Node) -> Joining:
    """Return what stands in the way of joining, or `READY`; pure.

    Args:
        node: The answer to `ROOTS` about a repository.
    """
    root = _names(node.get("root"))
    manifests = [name for name in MANIFESTS if name in root]
    nested = [
        entry["name"]
        for entry in (node.get("root") or {}).get("entries") or ()
        if entry["name"].lower() not in OTHER and set(NESTED) & _names(entry.get("object"))
    ]
    if WORKSPACE.search((node.get("project") or {}).get("text") or ""):
        return Joining(SEVERAL, MANIFESTS[0])
    if len(nested) + bool(manifests) > 1:
        return Joining(SEVERAL, nested[-1])
    if nested:
        return Joining(f"its package is in {nested[0]}, not at the root", nested[0])
    if manifests:
        return Joining(READY, manifests[0])
    return Joining(f"no {', '.join(MANIFESTS[:-1])} or {MANIFESTS[-1]}")


def _names(tree: Node | None) -> set[str]:
    entries: Iterable[Node] = (tree or {}).get("entries") or ()
    return {entry["name"] for entry in entries if entry["name"]}

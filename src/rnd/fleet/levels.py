"""What is left of the lint baseline of each repository that joined: nothing, if it can be in order. Read-only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnd.baseline import remaining
from rnd.fleet.nodes import read_each
from rnd.fleet.queries import BASELINES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View

    Node = Mapping[str, Any]

BATCH = 20  # repositories; each answer has two files


def with_levels(reader: Reader, view: View) -> View:
    """Return the fleet with what is left of each lint baseline; only repositories that existed before have one."""
    wanted = [one.member.node_id for one in view.changeable if one.baseline is None]
    nodes = reader.in_batches(wanted, BATCH, lambda batch: read_each(reader, BASELINES, batch))
    known = {key: left(one.node) if one.node is not None and one.error is None else None for key, one in nodes.items()}
    repositories = tuple(
        replace(one, baseline=known[one.member.node_id]) if one.member.node_id in known else one
        for one in view.repositories
    )
    return replace(view, repositories=repositories, queries=reader.queries, points=reader.points)


def left(node: Node) -> int | None:
    """Return how many entries are left, or None if a file is too long to be read; pure.

    Args:
        node: The answer to `BASELINES` about a repository.
    """
    files = [node.get(key) or {} for key in ("manifest", "hooks")]
    if any(file.get("isTruncated") for file in files):
        return None
    manifest, hooks = (str(file.get("text") or "") for file in files)
    return remaining(manifest, hooks).entries

"""Connections: pages of a list, with cursors. Touches nothing.

https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from fake_github.graphql.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fake_github.state import Document

PREFIX = "cursor:v2:"


def cursor(position: int) -> str:
    """Return the cursor of a position; opaque to clients, as GitHub's are."""
    return base64.b64encode(f"{PREFIX}{position}".encode()).decode()


def position(value: str) -> int:
    """Return the position of a cursor.

    Raises:
        Problem: It is not a cursor.
    """
    try:
        said = base64.b64decode(value, validate=True).decode()
        if said.startswith(PREFIX):
            return int(said.removeprefix(PREFIX))
    except (binascii.Error, ValueError):
        pass
    raise Problem("INVALID_CURSOR_ARGUMENTS", f"`{value}` does not appear to be a valid cursor.")


def bounds(arguments: Document, length: int) -> tuple[int, int]:
    """Return where a page of a list starts and ends.

    Args:
        arguments: `first` or `last`, and `after` or `before`.
        length: The length of the list.
    """
    start, end = 0, length
    if arguments.get("after"):
        start = position(arguments["after"]) + 1
    if arguments.get("before"):
        end = min(end, position(arguments["before"]))
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    return start, end


def page(
    items: Sequence[Any],
    arguments: Document,
    edge: Callable[[Any], Document] | None = None,
) -> Document:
    """Return a page of a list as a connection.

    Args:
        items: All of them.
        arguments: `first` or `last`, and `after` or `before`.
        edge: What an edge has beside its node and its cursor.
    """
    start, end = bounds(arguments, len(items))
    shown = items[start:end]

    def edges() -> list[Document]:
        return [
            {"node": item, "cursor": cursor(start + number), **(edge(item) if edge else {})}
            for number, item in enumerate(shown)
        ]

    return {
        "nodes": shown,
        "edges": edges,
        "totalCount": len(items),
        "pageInfo": {
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
            "startCursor": cursor(start) if shown else None,
            "endCursor": cursor(start + len(shown) - 1) if shown else None,
        },
    }

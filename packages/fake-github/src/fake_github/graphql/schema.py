"""GitHub's GraphQL schema, parsed once per machine, with the modelled fields attached. Touches the cache.

https://docs.github.com/en/graphql/overview/public-schema
"""

from __future__ import annotations

import gc
import hashlib
import pickle
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from graphql import DocumentNode, build_ast_schema, parse, version, visit
from graphql.language import Visitor

from fake_github import published
from fake_github.cache import alone, write
from fake_github.graphql import fields, resolvers

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from graphql import GraphQLSchema, Node


@lru_cache(maxsize=1)
def load() -> GraphQLSchema | None:
    """Return the schema, or None if npm is not installed.

    Raises:
        CommandFailed: npm could not fetch it.
    """
    document = _document()
    if document is None:
        return None
    with _no_garbage_collection():
        schema = build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
    fields.attach(schema, resolvers.MODELLED)
    gc.freeze()  # it stays: without this, each full collection walks its 100,000 objects and finds nothing
    return schema


def _document() -> DocumentNode | None:
    folder = published.folder()
    with open(__file__, "rb") as stream:  # noqa: PTH123 - what is kept depends on how this file makes it
        made_by = hashlib.sha256(stream.read() + version.encode()).hexdigest()[:16]
    kept = folder / f"schema-{made_by}.pickle"
    if not kept.exists():
        if not published.available():
            return None
        with alone(folder / "lock"):
            _parse(published.fetch("schema.graphql"), kept)
    with _no_garbage_collection():
        document: DocumentNode = pickle.loads(kept.read_bytes())  # noqa: S301 - from the user's own cache
    return document


def _parse(source: Path, kept: Path) -> None:
    """Parse the schema and keep the result without its descriptions, which nothing here reads."""

    class WithoutDescriptions(Visitor):
        def enter(self, node: Node, *_: object) -> None:
            if getattr(node, "description", None) is not None:
                node.description = None

    document = parse(source.read_text(encoding="utf-8"), no_location=True)
    visit(document, WithoutDescriptions())
    write(kept, pickle.dumps(document, protocol=5))


@contextmanager
def _no_garbage_collection() -> Generator[None]:
    """Make many objects that all stay: a collection between them would find nothing, slowly."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

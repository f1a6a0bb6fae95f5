"""GitHub's OpenAPI description, reduced to the served operations and cached. Touches the cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_github import published
from fake_github.cache import alone, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# GitHub as organisations without an enterprise have it, and GitHub Enterprise Cloud.
EDITIONS = ("api.github.com", "ghec")


def find(paths: Iterable[str], webhooks: Iterable[str], edition: str = EDITIONS[0]) -> Path | None:
    """Return the file with the part of the description that some paths and webhooks need.

    A file is never changed: other paths, webhooks or versions have a file of another name. None where it is not in the
    cache and npm is not installed.

    Args:
        paths: Of operations, as the description writes them: `/repos/{owner}/{repo}`.
        webhooks: Names, as the description has them: `pull-request-opened`.
        edition: One of `EDITIONS`.

    Raises:
        CommandFailed: npm could not fetch it.
    """
    wanted = sorted(set(paths)), sorted(set(webhooks))
    folder = published.folder()
    method = Path(__file__).read_text(encoding="utf-8")
    kept = folder / f"{hashlib.sha256(json.dumps([wanted, edition, method]).encode()).hexdigest()[:16]}.json"
    if not kept.exists():
        if not published.available():
            return None
        with alone(folder / "lock"):
            whole = json.loads(published.fetch(f"{edition}.json").read_bytes())
            write(kept, json.dumps(cut(whole, *wanted)).encode())
    return kept


def read(kept: Path) -> dict[str, Any]:
    """Return the content of a file that `find` returned."""
    document: dict[str, Any] = json.loads(kept.read_bytes())
    return document


def cut(whole: dict[str, Any], paths: Iterable[str], webhooks: Iterable[str]) -> dict[str, Any]:
    """Return a description with some paths and webhooks only, and the components that they reach."""
    part: dict[str, Any] = {
        "openapi": whole["openapi"],
        "info": whole["info"],
        "paths": {path: whole["paths"][path] for path in paths if path in whole["paths"]},
        "x-webhooks": {name: whole["x-webhooks"][name] for name in webhooks if name in whole["x-webhooks"]},
        "components": {},
    }
    waiting = [part["paths"], part["x-webhooks"]]
    while waiting:
        for reference in _references(waiting.pop()):
            _, _, kind, name = reference.split("/")
            shelf = part["components"].setdefault(kind, {})
            if name not in shelf:
                shelf[name] = whole["components"][kind][name]
                waiting.append(shelf[name])
    _drop_examples(part)
    _admit_null(part)
    return part


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str) and not reference.startswith("#/components/examples/"):
            yield reference
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)


def _drop_examples(node: Any) -> None:  # noqa: ANN401 - any JSON
    """Take out the examples, which are more than half of the text; a property of that name stays."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), dict) and "schema" in node:
            del node["examples"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _drop_examples(child)


def _admit_null(node: Any) -> None:  # noqa: ANN401 - any JSON
    """Let null be where something is declared nullable as GitHub means it.

    To OpenAPI 3.0 the word changes nothing about the alternatives and the values that are listed beside it.
    """
    if isinstance(node, dict) and node.get("nullable") is True:
        for choice in ("oneOf", "anyOf"):
            if "type" not in node and isinstance(node.get(choice), list):
                node[choice].append({"enum": [None]})
        if isinstance(node.get("enum"), list) and None not in node["enum"]:
            node["enum"].append(None)
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _admit_null(child)

"""Edits the text of a TOML file table by table, and writes values as TOML. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import Any

HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
BARE = re.compile(r"[A-Za-z0-9_-]+")
WIDE = 100  # characters of an array on one line


@dataclass(frozen=True)
class Block:
    """A table of a TOML file as text.

    Attributes:
        name: Its dotted name without quotes; empty for what is above the first table.
        text: The header and what follows, comments and blank lines included.
    """

    name: str
    text: str


def split(text: str) -> list[Block]:
    """Split a TOML file into its tables; a comment directly above a header belongs to that table.

    A line in a multi-line string or array that resembles a header is recognised, because the text above it is not valid
    TOML on its own.
    """
    lines = text.splitlines(keepends=True)
    starts: list[tuple[int, str]] = [(0, "")]
    for number, line in enumerate(lines):
        found = HEADER.match(line)
        if found and _is_complete("".join(lines[starts[-1][0] : number])):
            first = number
            while first > starts[-1][0] + 1 and lines[first - 1].startswith("#"):
                first -= 1
            starts.append((first, re.sub(r"[\"'\s]", "", found[1])))
    ends = [start for start, _ in starts[1:]] + [len(lines)]
    return [
        Block(name, "".join(lines[start:end])) for (start, name), end in zip(starts, ends, strict=True) if start < end
    ]


def _is_complete(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def lookup(document: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any value of TOML
    """Return the value at a dotted name, or None."""
    value: Any = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def write_table(name: str, table: dict[str, Any]) -> str:
    """Return a table; nested tables become inline tables."""
    return f"[{name}]\n" + "".join(f"{key_text(key)} = {value_text(value)}\n" for key, value in table.items())


def key_text(key: str) -> str:
    """Return a key, quoted if it must be."""
    return key if BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def value_text(value: Any) -> str:  # noqa: ANN401 - any value of TOML
    """Return a value; long arrays have one item per line. JSON strings are valid TOML strings."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{key_text(str(key))} = {value_text(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        items = [value_text(one) for one in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) <= WIDE else "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    # JSON leaves DEL as it is, which TOML forbids.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

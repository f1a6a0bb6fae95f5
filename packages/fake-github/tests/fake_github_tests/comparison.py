"""Compare an answer of the fake with a real one, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def fields(real: Any, ours: Any, path: str = "") -> Iterator[tuple[str, str | None]]:  # noqa: ANN401
    """Yield each field of a real answer, with what is wrong with ours; None if nothing is."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for name, value in real.items():
            where = f"{path}.{name}".removeprefix(".")
            if name not in ours:
                yield where, "is missing"
            else:
                yield (
                    where,
                    None if kind(value) in {None, kind(ours[name])} or ours[name] is None else "has another type",
                )
                yield from fields(value, ours[name], where)
    elif isinstance(real, list) and isinstance(ours, list) and real and ours:
        yield from fields(real[0], ours[0], f"{path}[]")


def kind(value: object) -> str | None:
    """Return the JSON type of a value; None for null."""
    return KINDS.get(type(value))

"""Compare the values that org.yml wants with the values that GitHub has. Pure."""

from __future__ import annotations

from typing import NamedTuple

Value = str | bool | int | tuple[str, ...] | None
Values = dict[str, Value]


class Change(NamedTuple):
    """One difference: the value in org.yml and the value on GitHub, None where GitHub has none."""

    key: str
    wanted: Value
    found: Value

    def __str__(self) -> str:
        return f"{self.key}: {format_value(self.found)} → {format_value(self.wanted)}"


def format_value(value: Value) -> str:
    """Return a value as it is written in org.yml."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, bool):  # before numbers: to a dictionary, 0 is False
        return str(value).lower()
    return "nothing" if value is None else str(value)


def compare(wanted: Values, found: Values) -> tuple[Change, ...]:
    """Return the differences, in the order of the wanted values."""
    return tuple(
        Change(key, value, found.get(key)) for key, value in wanted.items() if not _same(value, found.get(key))
    )


def _same(wanted: Value, found: Value) -> bool:
    return type(wanted) is type(found) and wanted == found  # 0 is not False

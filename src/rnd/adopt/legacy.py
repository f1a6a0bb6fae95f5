"""Forms of setuptools' metadata as those of `[project]`: people, entry points, lists in texts. Pure."""

from __future__ import annotations

import configparser
import re
from email.utils import getaddresses
from typing import Any

GROUP = re.compile(r"[^a-z0-9]+")


class CaseSensitive(configparser.ConfigParser):
    """A parser that keeps the case of keys, because extras and scripts have one."""

    def optionxform(self, optionstr: str) -> str:
        """Return a key as it is."""
        return optionstr


def split_words(value: Any, separator: str) -> list[str]:  # noqa: ANN401 - a text or a list of texts
    """Return the non-empty parts of a text, or the parts of a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.replace("\n", separator).split(separator) if part.strip()]
    return [str(part) for part in value]


def requirement_lists(value: Any) -> list[str]:  # noqa: ANN401 - a text or a list of texts
    """Return requirements that are a list, or a text with one per line; comments are left out."""
    lines = value.splitlines() if isinstance(value, str) else value
    bare = (re.sub(r"(^|\s)#.*", "", str(line)).strip() for line in lines)
    return [line for line in bare if line]


def split_extras(table: dict[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the dependencies and the extras of setuptools' `extras_require`.

    A key can have a marker after a colon, and one without a name adds to the dependencies:
    https://setuptools.pypa.io/en/latest/userguide/dependency_management.html#platform-specific-dependencies.
    """
    always: list[str] = []
    extras: dict[str, list[str]] = {}
    for key, value in table.items():
        extra, _, marker = str(key).partition(":")
        lines = [_with_marker(line, marker) for line in requirement_lists(value)]
        (extras.setdefault(extra, []) if extra else always).extend(lines)
    return always, extras


def _with_marker(line: str, marker: str) -> str:
    if not marker:
        return line
    requirement, _, own = line.partition(";")
    return f"{requirement.strip()} ; {f'({own.strip()}) and ({marker})' if own else marker}"


def people(names: str, addresses: str) -> list[dict[str, str]]:
    """Return authors in the form of PEP 621.

    Several names belong to several addresses only if their numbers are equal; otherwise each is listed alone.
    """
    listed = [name.strip() for name in names.split(",") if name.strip()]
    found = [(name, address) for name, address in getaddresses([addresses]) if address]
    if len(listed) == len(found):
        return [{"name": name, "email": address} for name, (_, address) in zip(listed, found, strict=True)]
    alone = [{"name": name, "email": address} if name else {"email": address} for name, address in found]
    return [{"name": name} for name in listed] + alone


def entry_points(value: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - a text or a dictionary
    """Return the entry points of setuptools as `scripts`, `gui-scripts` and `entry-points` of `[project]`."""
    groups = _ini(value) if isinstance(value, str) else {group: _lines(lines) for group, lines in value.items()}
    found: dict[str, dict[str, Any]] = {}
    for group, table in groups.items():
        if not table:
            continue
        if group in {"console_scripts", "gui_scripts"}:
            found["scripts" if group == "console_scripts" else "gui-scripts"] = table
        else:
            found.setdefault("entry-points", {})[group] = table
    return found


def _lines(lines: Any) -> dict[str, str]:  # noqa: ANN401 - a text, a list of texts or a dictionary
    if isinstance(lines, dict):
        return {str(name): str(target) for name, target in lines.items()}
    pairs = (line.partition("=") for line in requirement_lists(lines))
    return {name.strip(): re.sub(r"\s+", "", target) for name, _, target in pairs}


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = CaseSensitive(delimiters=("=",), interpolation=None)
    parser.read_string(text)
    return {
        group: {name: re.sub(r"\s+", "", target) for name, target in parser[group].items()}
        for group in parser.sections()
    }


def group_name(name: str) -> str:
    """Return a name of a dependency group (PEP 735) for a role: lower case, with single hyphens."""
    return GROUP.sub("-", name.lower()).strip("-")

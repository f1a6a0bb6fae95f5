"""Finds credentials in the addresses of a repository: they are refused, never shown and never copied. Pure."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rnd.adopt.tree import Tree

# Credentials in an address: `user:password@`, or one word that is not `git` or `aws`. References to variables are none.
# The path `/t/TOKEN/` is a token of a conda channel; a query can have one too.
SECRET = re.compile(
    r"""[a-z][a-z0-9+.-]*://(?:
        (?!git@|aws@|\$\{?\w+\}?(?::\$\{?\w+\}?)?@)[^\s/@'"]+@
        |[^\s/'"]+/t/(?!\$)[^\s/'"]+/
        |[^\s'"]+[?&](?:[\w-]*token|password|secret)=(?!\$)[^\s&'"]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
USER = re.compile(r"(?<=//)[^/\s]*@")
# Files, besides those of requirements, that are read or that the branch has a new version of.
FILES = (
    r"pyproject\.toml|setup\.(?:py|cfg)|Pipfile|poetry\.toml|pip\.conf|\.pip/pip\.conf|uv\.toml|environment\.ya?ml"
    r"|\.pre-commit-config\.yaml|\.copier-answers\.yml"
)


def without_credentials(address: str) -> str:
    """Return an address, or a line with one, without its user and password."""
    return USER.sub("", address)


def find_in_files(tree: Tree, paths: Iterable[str]) -> str | None:
    """Return the first file and line with credentials in an address, or None; the address is not returned.

    Args:
        tree: The files.
        paths: Those that are searched in addition to the known ones.
    """
    for path in sorted({*tree.matching(FILES), *paths}):
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            if SECRET.search(line):
                return f"{path}:{number}"
    return None


def find_in_values(value: object, source: str) -> str | None:
    """Return where the first value with credentials in an address comes from, or None.

    Lines alone do not show an address that a file writes in parts or with escapes.

    Args:
        value: A value; those that it contains are searched too.
        source: The place of what names none of its own.
    """
    return next((place for text, place in _texts(value, source) if SECRET.search(text)), None)


def _texts(value: object, source: str) -> Iterator[tuple[str, str]]:
    """Yield each text in a value, with the place that the value, or what contains it, names."""
    if isinstance(value, str):
        yield value, source
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _texts(pair, source)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from _texts(one, source)
    elif is_dataclass(value):
        place = getattr(value, "source", None) or getattr(value, "path", None) or source
        for one in fields(value):
            yield from _texts(getattr(value, one.name), str(place))

"""Writes the metadata of a package in a form that is equal for equal meanings. Pure.

The fields are those of https://packaging.python.org/en/latest/specifications/core-metadata/.
"""

from __future__ import annotations

import ast
import hashlib
import re
from email.utils import getaddresses
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, canonicalize_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

# Operators that compare with each number of a version, so that trailing zeros count: PEP 440.
EXACT_LENGTH = {"~=", "==="}
LABELS = {"Home-page": "homepage", "Download-URL": "download"}


def normal_specifier(text: str) -> str:
    """Return a version specifier; trailing zeros are left out where they mean nothing."""
    found = []
    for one in SpecifierSet(text):
        exact = one.operator in EXACT_LENGTH or one.version.endswith(".*")
        found.append(f"{one.operator}{one.version if exact else canonicalize_version(one.version)}")
    return ",".join(sorted(found))


def normal_requirement(text: str) -> str:
    """Return a requirement, with its marker."""
    parsed = Requirement(text)
    extras = ",".join(sorted(map(canonicalize_name, parsed.extras)))
    source = parsed.url or normal_specifier(str(parsed.specifier))
    return f"{canonicalize_name(parsed.name)}[{extras}]{source};{normal_marker(str(parsed.marker or ''))}"


def normal_marker(text: str) -> str:
    """Return a marker as sorted alternatives of sorted conditions; parentheses decide what belongs together.

    A marker of PEP 508 is an expression that Python can parse, apart from `~=` and `===`: such a one stays as it is.
    """
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        return text
    alternatives = {" and ".join(sorted(one)) for one in _alternatives(expression)}
    return " or ".join(sorted(alternatives))


def _alternatives(node: ast.expr) -> set[frozenset[str]]:
    """Return the sets of conditions of which one has to hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return {one for value in node.values for one in _alternatives(value)}
    if isinstance(node, ast.BoolOp):
        joined = {frozenset[str]()}
        for value in node.values:
            joined = {one | other for one in joined for other in _alternatives(value)}
        return joined
    condition = ast.unparse(node)
    return {frozenset({condition.replace("_", "-") if "extra ==" in condition else condition})}


def details(metadata: Message) -> frozenset[str]:
    """Return what an index shows about a package: summary, people, addresses, licence, classifiers, description."""
    return frozenset([*_texts(metadata), *_people(metadata), *_addresses(metadata)])


def _texts(metadata: Message) -> Iterator[str]:
    description = _description(metadata)
    texts = {
        "summary": metadata["Summary"],
        "license": metadata["License-Expression"] or metadata["License"],
        "description": hashlib.sha256(description.encode()).hexdigest()[:12] if description else None,
    }
    yield from (f"{key} {' '.join(str(text).split())}" for key, text in texts.items() if text)
    keywords = re.split(r"[,\s]+", str(metadata["Keywords"] or ""))
    yield from (f"keyword {keyword}" for keyword in keywords if keyword)
    yield from (f"classifier {classifier}" for classifier in metadata.get_all("Classifier") or [])


def _people(metadata: Message) -> Iterator[str]:
    """Yield names and e-mail addresses; the older fields have them apart."""
    for role in ("Author", "Maintainer"):
        names = [name for one in metadata.get_all(role) or [] for name in str(one).split(",")]
        pairs = getaddresses([str(one) for one in metadata.get_all(f"{role}-email") or []])
        people = {person.strip() for person in [*names, *(part for pair in pairs for part in pair)]}
        yield from (f"{role.lower()} {person}" for person in people if person)


def _addresses(metadata: Message) -> Iterator[str]:
    pairs = [str(line).partition(",")[::2] for line in metadata.get_all("Project-URL") or []]
    pairs += [(label, str(metadata[key])) for key, label in LABELS.items() if metadata[key]]
    yield from (f"address {re.sub('[^a-z0-9]', '', label.lower())} {address.strip()}" for label, address in pairs)


def _description(metadata: Message) -> str:
    """Return the description without white space at the ends of lines; it is the body, or an older field."""
    body = metadata.get_payload()
    text = str(metadata["Description"] or (body if isinstance(body, str) else ""))
    return "\n".join(line.rstrip() for line in text.strip().splitlines())

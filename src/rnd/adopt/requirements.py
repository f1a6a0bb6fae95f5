"""Reads requirement files of pip and finds credentials in addresses. Pure.

The format is that of https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

PATHS = (
    r"requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)|[\w.-]*requirements\.(?:txt|in)|constraints\.txt"
)
OTHERS = r"pyproject\.toml|setup\.(?:py|cfg)|Pipfile|poetry\.toml|pip\.conf|\.pip/pip\.conf|uv\.toml|environment\.ya?ml"
# Credentials in an address: `user:password@`, or one word that is not `git`. References to variables are none.
# The path `/t/TOKEN/` is a token of a conda channel.
SECRET = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:(?!git@)(?!\$\{?\w+\}?(?::\$\{?\w+\}?)?@)(?!aws@)[^\s/@'\"]+@|[^\s/'\"]+/t/(?!\$)[^\s/'\"]+/)",
    re.IGNORECASE,
)
USER = re.compile(r"(?<=//)[^/@]*@")
ROLES = {"dev": "dev", "test": "test", "tests": "test", "testing": "test", "doc": "docs", "docs": "docs", "lint": "dev"}


@dataclass
class RequirementFile:
    """What a requirement file, with the files that it includes, asks for.

    Attributes:
        path: Its path.
        requirements: Requirements of PEP 508, in order.
        pins: Those with one exact version.
        indexes: Addresses of indexes, without credentials.
        other: Lines that are not requirements of PEP 508: editable installs, paths, options.
        included: The files that it includes.
    """

    path: str
    requirements: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    included: list[str] = field(default_factory=list)

    @property
    def role(self) -> str | None:
        """The dependency group that the name of the file means; None if it has no such word."""
        words = re.split(r"[^a-z]+", self.path.lower().removesuffix(".txt").removesuffix(".in"))
        return next((ROLES[word] for word in words if word in ROLES), None)


def read_requirements(tree: Tree) -> list[RequirementFile]:
    """Return the requirement files of the tree, sorted by path."""
    return [_read(tree, path) for path in sorted(tree.matching(PATHS))]


def _read(tree: Tree, path: str) -> RequirementFile:
    found = RequirementFile(path)
    _add(tree, path, found, ())
    return found


def _add(tree: Tree, path: str, found: RequirementFile, within: tuple[str, ...]) -> None:
    text = (tree.text(path) or "").replace("\\\n", " ")
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        option = re.match(r"(-r|--requirement|-c|--constraint)[ =]?\s*(\S+)", line)
        if not line:
            continue
        if option:
            other = str(PurePosixPath(path).parent / option[2])
            found.included.append(other)
            if option[1] in {"-r", "--requirement"} and other not in within:
                _add(tree, other, found, (*within, path))
        else:
            _line(line, found)


def _line(line: str, found: RequirementFile) -> None:
    index = re.match(r"(?:-i|--index-url|--extra-index-url)[ =]?\s*(\S+)", line)
    if index:
        found.indexes.append(without_credentials(index[1]))
        return
    bare = re.sub(r"\s+--hash[ =]\S+", "", line)
    try:
        parsed = Requirement(bare)
    except InvalidRequirement:
        found.other.append(without_credentials(line))
        return
    found.requirements.append(bare)
    if any(one.operator == "==" and "*" not in one.version for one in parsed.specifier):
        found.pins.append(bare)


def without_credentials(address: str) -> str:
    """Return an address, or a line with one, without its user and password."""
    return USER.sub("", address)


def find_credentials(tree: Tree) -> str | None:
    """Return the first file and line with credentials in an address, or None; the address is not returned."""
    for path in sorted(tree.matching(rf"{PATHS}|{OTHERS}")):
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            if SECRET.search(line):
                return f"{path}:{number}"
    return None

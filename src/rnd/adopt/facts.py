"""What the analysis of a repository finds: facts with their source, and open points. Pure.

A fact is read from a file, never inferred. Where the files do not say, there is an open point instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A value that a file of the commit declares.

    Attributes:
        value: The value, in the form that `[project]` of a pyproject.toml has it (PEP 621).
        source: The file and, if it is known, the line: `setup.py:12`.
    """

    value: Any
    source: str


@dataclass(frozen=True)
class OpenPoint:
    """What a person has to decide or check.

    Attributes:
        code: A stable name, in kebab case.
        message: What was found, and what to do.
        source: The file and line, or empty.
        blocks: Whether no branch can be made before it is settled.
    """

    code: str
    message: str
    source: str = ""
    blocks: bool = False


@dataclass
class Declared:
    """What the manifests of a repository declare about its package.

    Attributes:
        fields: The keys of `[project]`, with their values.
        groups: Dependency groups (PEP 735): development dependencies by role.
        backend: The build backend; None if no manifest names one, which means setuptools.
        requires: The packages that a build needs first.
        build: The `[tool.…]` tables that select the content of the wheel, by dotted name.
        modules: The top-level import names that the manifest lists; empty if the backend discovers them.
        where: The folder that contains the packages; None if the manifest does not say.
        compiled: Why the package has compiled extensions; None if nothing says so.
        replaces: Files whose content moves to pyproject.toml, so that they are deleted.
        points: Open points.
    """

    fields: dict[str, Fact] = field(default_factory=dict)
    groups: dict[str, Fact] = field(default_factory=dict)
    backend: Fact | None = None
    requires: tuple[str, ...] = ()
    build: dict[str, dict[str, Any]] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    where: Fact | None = None
    compiled: Fact | None = None
    replaces: tuple[str, ...] = ()
    points: list[OpenPoint] = field(default_factory=list)

    def value(self, key: str) -> Any:  # noqa: ANN401 - the value of any key
        """Return the value of a key of `[project]`, or None if no file declares it."""
        found = self.fields.get(key)
        return None if found is None else found.value

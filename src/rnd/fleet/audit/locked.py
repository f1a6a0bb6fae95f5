"""What a repository locks, and which findings it ignores. Pure; the files are written by others.

See https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile for the lock file. `[tool.uv.audit]` is what
`uv audit` reads.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rnd.providers import is_own_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.organisation import Organisation


@dataclass(frozen=True, order=True)
class Package:
    """A version of a package of a public index."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Lock:
    """A lock file.

    Attributes:
        packages: The packages of public indexes.
        private: How many packages are from private indexes; their names are never sent to a service.
    """

    packages: frozenset[Package]
    private: int


@dataclass(frozen=True)
class Exceptions:
    """The findings that a repository ignores, by the ID of the vulnerability.

    Attributes:
        always: Ignored.
        until_fixed: Ignored while no version fixes them.
    """

    always: frozenset[str] = frozenset()
    until_fixed: frozenset[str] = frozenset()


def read_lock(text: str, is_private: Callable[[str], bool]) -> Lock:
    """Read `uv.lock`.

    Args:
        text: Its text.
        is_private: Returns whether an index is private, given its address.

    Raises:
        ValueError: It is not TOML, or not a lock file.
    """
    packages, private = set(), 0
    for one in tomllib.loads(text).get("package", ()):
        index, name, version = one["source"].get("registry"), one["name"], one.get("version")
        if not (isinstance(index, str) and isinstance(name, str) and isinstance(version, str)):
            continue  # the repository itself, or a package from git or a file
        if is_private(index):
            private += 1
        elif not (name + version).isprintable():
            raise ValueError(f"{name!r} is not a name, or {version!r} not a version")
        else:
            packages.add(Package(name, version.partition("+")[0]))  # advisories do not know builds such as +cu130
    return Lock(frozenset(packages), private)


def read_exceptions(text: str | None) -> Exceptions:
    """Read `[tool.uv.audit]` of `pyproject.toml`; nothing where it has none, or is not readable."""
    try:
        table: Any = tomllib.loads(text or "")
        for key in ("tool", "uv", "audit"):
            table = table.get(key, {})
        return Exceptions(frozenset(table.get("ignore", ())), frozenset(table.get("ignore-until-fixed", ())))
    except (ValueError, AttributeError, TypeError):
        return Exceptions()


def private_indexes(organisation: Organisation) -> Callable[[str], bool]:
    """Return a check of an index's address: private are the organisation's own index and those that org.yml lists."""
    hosts = {host.lower() for host in organisation.fleet.audit.private_indexes}

    def is_private(address: str) -> bool:
        host = _host(address)
        return not host or host in hosts or is_own_index(organisation, host)  # an index in a folder has no host

    return is_private


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""

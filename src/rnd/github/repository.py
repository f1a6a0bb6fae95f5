"""Which repository on GitHub is meant: the one that a workflow or the remote `origin` names. Reads, changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rnd import git
from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.github.client import Addresses

FULL_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/?")
REMEDY = "Name it with `--repository OWNER/NAME`, or stand in a clone whose remote `origin` is on GitHub."


class Repository(NamedTuple):
    """A repository on GitHub, by its full name."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


def parse_repository(text: str) -> Repository:
    """Return the repository that `OWNER/NAME` names.

    Raises:
        UsageError: The text has another form.
    """
    found = FULL_NAME.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no OWNER/NAME.", REMEDY)
    return Repository(found[1], found[2])


def find_repository(folder: Path, environ: Mapping[str, str], addresses: Addresses) -> Repository:
    """Return the repository that GITHUB_REPOSITORY names, as in a workflow, or else the remote `origin` of a clone.

    Raises:
        UsageError: Neither names one on this GitHub.
    """
    named = environ.get("GITHUB_REPOSITORY")
    if named:
        return parse_repository(named)
    origin = git.attempt(folder, "remote", "get-url", "origin")
    found = repository_at(origin, addresses) if origin else None
    if found is None:
        raise UsageError(
            f"The remote `origin` is {_bare(origin)}." if origin else "There is no remote `origin`.", REMEDY
        )
    return found


def repository_at(url: str, addresses: Addresses) -> Repository | None:
    """Return the repository that a git address names, or None where it is none on this GitHub.

    Both forms of SSH addresses and both of HTTP are known: `git@host:OWNER/NAME.git` and `https://host/OWNER/NAME`.
    """
    form = r"(?:https?://(?:[^/@?#\\]*@)?|ssh://(?:[^/@?#\\]*@)?|[^/@:]+@)([^/]+?)(?::(?!\d)|/)(.+)"
    found = re.fullmatch(form, url)
    if found is None or found[1] not in {addresses.host, addresses.host.partition(":")[0]}:
        return None
    path = FULL_NAME.fullmatch(found[2])
    return Repository(path[1], path[2]) if path else None


def check_remote(folder: Path, remote: str, server: str) -> None:
    """Refuse a remote over HTTP that is on another server than the one a token is for.

    Args:
        folder: The repository.
        remote: The remote's name.
        server: The address of the server, such as `https://github.com`.

    Raises:
        UsageError: One of the remote's addresses, for reading or pushing, is elsewhere.
    """
    for way in ((), ("--push",)):
        for url in (git.attempt(folder, "remote", "get-url", "--all", *way, remote) or "").splitlines():
            address = re.sub(r"(?<=//)[^/@?#\\]*@", "", url)  # without credentials, as git reads it
            if url.lower().startswith(("http://", "https://")) and not address.startswith(f"{server}/"):
                raise UsageError(
                    f"The remote `{remote}` is {_bare(url)}, and the token is for {server}.",
                    f"Point the remote to {server}, or unset GITHUB_TOKEN.",
                )


def _bare(url: str) -> str:
    """Return an address without credentials that somebody has put into it."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)

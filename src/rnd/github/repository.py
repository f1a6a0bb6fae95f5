"""Find the repository on GitHub, from the workflow's environment or the remote `origin`. Read-only."""

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
REMEDY = "Pass `--repository OWNER/NAME`, or run the command in a clone whose remote `origin` is on GitHub."


class Repository(NamedTuple):
    """The full name of a repository on GitHub."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


def parse_repository(text: str) -> Repository:
    """Parse `OWNER/NAME`.

    Raises:
        UsageError: The text has another form.
    """
    found = FULL_NAME.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is not in the form OWNER/NAME.", REMEDY)
    return Repository(found[1], found[2])


def find_repository(folder: Path, environ: Mapping[str, str], addresses: Addresses) -> Repository:
    """Return the repository in GITHUB_REPOSITORY, as set in a workflow, or that of the remote `origin`.

    Raises:
        UsageError: Neither is a repository on this GitHub server.
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
    """Return the repository of a git address, or None if it is not on this GitHub server.

    Both forms of SSH addresses, and HTTP and HTTPS, are supported: `git@host:OWNER/NAME.git` and `https://host/OWNER/NAME`.
    """
    form = r"(?:https?://(?:[^/@?#\\]*@)?|ssh://(?:[^/@?#\\]*@)?|[^/@:]+@)([^/]+?)(?::(?!\d)|/)(.+)"
    found = re.fullmatch(form, url)
    if found is None or found[1] not in {addresses.host, addresses.host.partition(":")[0]}:
        return None
    path = FULL_NAME.fullmatch(found[2])
    return Repository(path[1], path[2]) if path else None


def location(address: str) -> tuple[str, str]:
    """Return host and path of a repository; equal for all addresses of one repository, copier's `gh:` included."""
    scheme = r"(?:git\+)?(?:https://|http://(?=127\.0\.0\.1[:/])|ssh://git@|git@)"
    form = scheme + r"([A-Za-z0-9.-]+(?::\d+(?=/))?)[:/]([A-Za-z0-9._-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
    found = re.fullmatch(form, re.sub(r"^gh:/*", "https://github.com/", address))
    return (found[1].lower(), found[2].lower()) if found else ("", address)


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
    """Return an address without credentials; a password may contain an `@`."""
    return re.sub(r"(?<=//)[^/]*@", "", url)

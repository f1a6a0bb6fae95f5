"""The organisation's own packages in a repository: list the locked ones, and give a job access to them.

Reads the repository; touches the file that GITHUB_ENV names.
"""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rnd.ci import outputs
from rnd.errors import UsageError
from rnd.names import index_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.organisation import Organisation

BY_HAND = "By hand, sign in as README.md says."


def private_packages(root: Path, slug: str) -> list[str]:
    """Return the packages that `uv.lock` takes from the organisation's own index.

    Args:
        root: The repository.
        slug: The organisation's, after which the index is named in `pyproject.toml`.

    Raises:
        UsageError: One of the two files is not valid TOML, or does not have the structure that uv requires.
    """
    project, lock = _read(root / "pyproject.toml"), _read(root / "uv.lock")
    try:
        indexes = project.get("tool", {}).get("uv", {}).get("index", [])
        own = {_place(index["url"]) for index in indexes if index.get("name") == slug and "url" in index}
        sources = {one["name"]: one.get("source", {}).get("registry", "") for one in lock.get("package", [])}
        return [name for name, source in sources.items() if _place(source) in own]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            "pyproject.toml or uv.lock does not have the structure that uv requires.", "Run `uv lock` to see the error."
        ) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file.name} is not valid TOML: {error}.", "Fix it, or restore it with git.") from error


def _place(address: str) -> str:
    """Return the address of an index without scheme and credentials."""
    parts = urlsplit(address)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def let_later_steps_read(organisation: Organisation) -> None:
    """Sign in to the organisation's package index for the later steps of a job; uv finds this in their environment.

    Raises:
        UsageError: GITHUB_ENV is not set: this is not a step of a workflow.
        RndError: The provider cannot sign in.
    """
    outputs.set_variables({}, BY_HAND)  # before anything is requested
    outputs.set_variables(read_access(organisation), BY_HAND)


def read_access(organisation: Organisation) -> dict[str, str]:
    """Sign in to the organisation's package index, and return the variables in which uv expects the credentials.

    Only steps of workflows call this: it prints the command by which GitHub hides the token in logs.

    Credentials of AWS stay in this process, unless an earlier step has signed in to AWS already. The token of
    CodeArtifact in the variables can only read packages.

    Raises:
        RndError: The provider cannot sign in.
    """
    from rnd.ci.identity import assume
    from rnd.providers import package_index
    from rnd.providers.provider import Caller

    signed_in = bool(os.environ.get("AWS_ACCESS_KEY_ID"))
    caller = Caller("reading", os.environ, lambda one: None if signed_in else assume(one, os.environ, organisation))
    access = package_index(organisation, caller).sign_in(reading=True)
    if not access.username:  # an index that anyone can read
        return {}
    outputs.mask(access.password)  # before anything can show it
    return index_credentials(organisation, access.username, access.password)

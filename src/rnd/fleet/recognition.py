"""Check right before a change that a repository is still the one that was looked at, minutes before. Read-only.

GitHub redirects requests for a former name, also to another owner, and another repository may have the name now:
https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository. So does git.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.fleet.errors import ChangedSince
from rnd.github.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.github.client import Client


def recognised(client: Client, repository: Repository, number: int) -> Repository:
    """Return a repository under its present name.

    Args:
        client: The GitHub client.
        repository: The name that it had.
        number: Its ID in the REST API.

    Raises:
        ChangedSince: It is another repository, archived, or in another organisation.
        RndError: It cannot be read.
    """
    document: Any = client.read(lambda kit: kit.rest.repos.get(*repository))
    return check_same(document, repository, number)


def check_same(document: Mapping[str, Any], repository: Repository, number: int) -> Repository:
    """Return a repository under its present name; pure.

    Args:
        document: What GitHub answers for the name that it had.
        repository: That name.
        number: Its ID in the REST API.

    Raises:
        ChangedSince: It is another repository, archived, or in another organisation.
    """
    owner = document["owner"]["login"]
    if document["id"] != number:
        raise ChangedSince("another repository has its name now")
    if owner.lower() != repository.owner.lower():
        raise ChangedSince(f"it moved to {owner}")
    if document["archived"]:
        raise ChangedSince("it is now archived")
    return Repository(repository.owner, document["name"])

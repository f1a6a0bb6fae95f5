"""Read the release notes of the template. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.github.client import PAGE
from rnd.github.errors import SignInNeeded
from rnd.github.repository import repository_at
from rnd.version.tags import parse_release

if TYPE_CHECKING:
    from rnd.github.client import Client
    from rnd.organisation import Organisation


def read(client: Client, organisation: Organisation) -> dict[str, str]:
    """Return the notes of the last hundred releases; none if they cannot be read: an update needs no notes."""
    there = repository_at(organisation.template.repository, client.addresses)
    if there is None:
        return {}
    try:
        listed: Any = client.read(lambda kit: kit.rest.repos.list_releases(*there, per_page=PAGE))
    except SignInNeeded:
        raise
    except RndError:
        return {}
    found = ((parse_release(one["tag_name"]), one.get("body") or "") for one in listed)
    return {".".join(map(str, release)): text for release, text in found if release is not None}

"""The repositories of the fleet and the tags of the template, as GitHub lists them. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.fleet.inventory import Member, member
from rnd.fleet.queries import REPOSITORIES, TAGS
from rnd.github.errors import GitHubRefused, NotThere
from rnd.github.repository import repository_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rnd.fleet.reading import Reader
    from rnd.github.graphql import Answer
    from rnd.organisation import Organisation

    Node = Mapping[str, Any]


def list_members(reader: Reader, organisation: Organisation) -> list[Member]:
    """Return the repositories of the fleet, by name.

    Raises:
        NotThere: There is no such organisation.
        GitHubRefused: GitHub did not list them.
    """
    return only_members(member(node, organisation) for node in list_repositories(reader, organisation.github.owner))


def only_members(known: Iterable[Member | str]) -> list[Member]:
    """Return the repositories of the fleet among those that GitHub lists, by name.

    Args:
        known: Each repository, or why it is not of the fleet.
    """
    return sorted((one for one in known if isinstance(one, Member)), key=lambda one: one.name.lower())


def list_repositories(reader: Reader, owner: str) -> list[Node]:
    """Return all repositories of the organisation that the token can see.

    Raises:
        NotThere: There is no such organisation.
        GitHubRefused: GitHub did not list them.
    """
    nodes: list[Node] = []
    after = None
    while True:
        answer = reader.ask_patiently(REPOSITORIES, {"owner": owner, "after": after})
        organisation = answer.data.get("organization")
        if organisation is None:
            raise NotThere(f"GitHub has no organisation {owner}, or the token cannot see it.")
        page = organisation["repositories"]
        if page is None:
            raise GitHubRefused(f"GitHub did not list the repositories of {owner}.")
        hidden = _hidden(answer, page["nodes"])
        reader.unlisted += hidden.values()
        nodes += [node for place, node in enumerate(page["nodes"]) if place not in hidden]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def _hidden(answer: Answer, nodes: Sequence[Node | None]) -> dict[int, str]:
    """Return the places in a page of repositories that GitHub did not show completely, with the name and the reason.

    A file or a branch that GitHub could not read looks like one that is not there.
    """
    found = dict.fromkeys((place for place, node in enumerate(nodes) if node is None), "GitHub gives no reason")
    for error in answer.errors:
        path = list(error.get("path") or ())
        if path[:3] == ["organization", "repositories", "nodes"] and len(path) > 3:
            found[path[3]] = " ".join(str(error.get("message", "")).split())[:300].rstrip(".")
    names = {
        place: node["name"] if node is not None else "a repository without a name" for place, node in enumerate(nodes)
    }
    return {place: f"{names[place]}: {said}" for place, said in found.items()}


def read_tags(reader: Reader, organisation: Organisation) -> list[str]:
    """Return the tags of the template; nothing if its repository is on another server, or the token cannot see it."""
    there = repository_at(organisation.template.repository, reader.client.addresses)
    if there is None:
        return []
    tags: list[str] = []
    after = None
    while True:
        answer = reader.ask_patiently(TAGS, {**there._asdict(), "after": after})
        refs = (answer.data.get("repository") or {}).get("refs")
        if refs is None:
            return []
        tags += [one["name"] for one in refs["nodes"] if one]
        if not refs["pageInfo"]["hasNextPage"]:
            return tags
        after = refs["pageInfo"]["endCursor"]

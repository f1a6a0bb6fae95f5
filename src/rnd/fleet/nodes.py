"""Read what GraphQL has about repositories: their fields, their rulesets, the permissions of teams. Read-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.fleet.documents import PERMISSIONS, ruleset_names
from rnd.fleet.queries import DETAILS, RULESETS, team_query
from rnd.github.errors import GitHubRefused, QueryTooHeavy, SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rnd.fleet.reading import Reader
    from rnd.github.graphql import Answer
    from rnd.organisation import Organisation

    Node = Mapping[str, Any]

BATCH = 50  # repositories; their two connections cost one point
RULESETS_BATCH = 74  # 148 requests for two connections of each, which GitHub rounds to one point


@dataclass(frozen=True)
class Nodes:
    """The answers about repositories, by the IDs of GraphQL.

    Attributes:
        repositories: The repositories that were read.
        errors: Why a repository, or a part of it, could not be read.
        failed: The fields of a repository that could not be read.
        rulesets: The rulesets of the names that rnd manages; None for one that could not be read.
        permissions: For each team of org.yml the permission by repository; None if they could not be read.
    """

    repositories: Mapping[str, Node]
    errors: Mapping[str, str]
    failed: Mapping[str, frozenset[str]]
    rulesets: Mapping[str, Node | None]
    permissions: Mapping[str, Mapping[int, str] | None]


@dataclass(frozen=True)
class One:
    """The answer about one node: the node or None, its fields that failed, and why."""

    node: Node | None
    failed: frozenset[str]
    error: str | None


def read_nodes(reader: Reader, organisation: Organisation, ids: Sequence[str]) -> Nodes:
    """Read repositories."""
    environment = organisation.github.repository.environment.name
    found = reader.in_batches(ids, BATCH, lambda batch: read_each(reader, DETAILS, batch, environment=environment))
    repositories = {key: one.node for key, one in found.items() if one.node is not None}
    names = ruleset_names(organisation.github)
    listed = [
        ruleset["id"]
        for node in repositories.values()
        for ruleset in (node.get("rulesets") or {}).get("nodes") or ()
        if ruleset and ruleset["name"] in names
    ]
    rulesets = reader.in_batches(listed, RULESETS_BATCH, lambda batch: read_each(reader, RULESETS, batch))
    permissions = read_teams(reader, organisation) if ids else {}
    return Nodes(
        repositories,
        {key: one.error for key, one in found.items() if one.error is not None},
        {key: one.failed for key, one in found.items()},
        {key: one.node for key, one in rulesets.items()},
        permissions,
    )


def read_each(reader: Reader, query: str, ids: Sequence[str], **variables: object) -> dict[str, One]:
    """Read some nodes; where GitHub refuses a single one, return why."""
    try:
        answer = reader.ask(query, {"ids": list(ids), **variables})
    except (SignInNeeded, QueryTooHeavy):
        raise
    except GitHubRefused as error:
        if len(ids) > 1:
            raise QueryTooHeavy(error.message) from error  # one of them may be the reason
        return {ids[0]: One(None, frozenset(), error.message)}
    faults = list(_faults(answer))
    return {
        key: One(
            node or None,
            frozenset(field for number, field, _ in faults if number == place and field),
            next((said for number, _, said in faults if number == place), None if node else "GitHub has no such thing"),
        )
        for place, (key, node) in enumerate(zip(ids, answer.data["nodes"], strict=True))
    }


def _faults(answer: Answer) -> Iterable[tuple[int, str, str]]:
    """Yield the place of the node, the field and the message of each error."""
    for error in answer.errors:
        path = list(error.get("path") or ())
        if len(path) > 1 and path[0] == "nodes" and isinstance(path[1], int):
            said = " ".join(str(error.get("message", "")).split())[:300]
            yield path[1], str(path[2]) if len(path) > 2 else "", said.rstrip(".") or "GitHub gives no reason"


def read_teams(reader: Reader, organisation: Organisation) -> dict[str, dict[int, str] | None]:
    """Return for each team of org.yml its permission by repository; None where GitHub did not answer."""
    found: dict[str, dict[int, str] | None] = {team: {} for team in organisation.github.teams}
    cursors: dict[str, str | None] = dict.fromkeys(found)
    while cursors:
        names = list(cursors)
        variables: dict[str, object] = {"owner": organisation.github.owner}
        for number, (team, cursor) in enumerate(cursors.items()):
            variables |= {f"slug{number}": team, f"after{number}": cursor}
        try:
            answer = reader.ask_patiently(team_query(len(names)), variables)
        except SignInNeeded:
            raise
        except RndError:
            found.update(dict.fromkeys(names))
            return found
        refused = {str(path[1]) for error in answer.errors if len(path := list(error.get("path") or ())) > 1}
        for number, team in enumerate(names):
            cursor = _add_page(found, team, (answer.data.get("organization") or {}).get(f"team{number}"))
            if f"team{number}" in refused or answer.data.get("organization") is None:
                found[team] = None
            if cursor is None or found[team] is None:
                del cursors[team]
            else:
                cursors[team] = cursor
    return found


def _add_page(found: dict[str, dict[int, str] | None], team: str, node: Node | None) -> str | None:
    """Add a page of a team's repositories, and return the cursor of the next one."""
    held = found[team]
    if node is None or held is None:  # there is no such team
        return None
    page = node["repositories"]
    for edge in page["edges"]:
        if edge and edge.get("node"):
            held[edge["node"]["databaseId"]] = PERMISSIONS[edge["permission"]]
    return page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None

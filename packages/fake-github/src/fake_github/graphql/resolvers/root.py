"""Where queries start.

https://docs.github.com/en/graphql/reference/queries
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.errors import Problem
from fake_github.graphql.fields import refuse
from fake_github.graphql.resolvers.accounts import organisation_of
from fake_github.graphql.sources import Environment, Pull, Ruleset
from fake_github.state import Account, Organisation, Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context


def repository(_root: None, info: GraphQLResolveInfo, owner: str, name: str, follow_renames: bool = True) -> Repository:
    """Return a repository by its name, also by one that it had."""
    context: Context = info.context
    return context.repository(owner, name, renamed=follow_renames)


def organisation(_root: None, info: GraphQLResolveInfo, login: str) -> Organisation:
    """Return an organisation."""
    return organisation_of(info.context, login)


def user(_root: None, info: GraphQLResolveInfo, login: str) -> Account:
    """Return a user."""
    context: Context = info.context
    found = context.hub.state.account(login)
    if found is None or found.kind != "User":
        raise Problem("NOT_FOUND", f"Could not resolve to a User with the login of '{login}'.")
    return found


def owner(_root: None, info: GraphQLResolveInfo, login: str) -> Account | None:
    """Return a user or an organisation."""
    found = info.context.hub.state.account(login)
    return organisation_of(info.context, login) if isinstance(found, Organisation) else found


def node(_root: None, info: GraphQLResolveInfo, id: str) -> object:  # noqa: A002 - GitHub's name
    """Return something by its id.

    Raises:
        Problem: There is no such thing, or the caller may not see it.
    """
    found = _node(info, id)
    if found is None:
        raise _missing(id)
    return found


def nodes(_root: None, info: GraphQLResolveInfo, ids: list[str]) -> list[object]:
    """Return things by their ids: a null and an error in the place of each that is not there."""
    return [_node(info, one) or _missing(one) for one in ids]


def _missing(one: str) -> Problem:
    return Problem("NOT_FOUND", f"Could not resolve to a node with the global id of '{one}'")


def _node(info: GraphQLResolveInfo, one: str) -> object | None:
    try:
        kind, _, number = base64.b64decode(one, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    if kind not in KINDS:
        if kind in info.schema.type_map:
            raise refuse(info, f"a {kind} by its id")
        return None
    context: Context = info.context
    found = context.find(kind, int(number), lambda: KINDS[kind](context)) if number.isdigit() else None
    there = found if isinstance(found, Repository) else getattr(found, "repository", None)
    return found if there is None or context.sees(there) else None


def _repositories(context: Context) -> list[Repository]:
    return list(context.hub.state.repositories.values())


def _accounts(context: Context) -> dict[int, object]:
    return {one.id: one for one in context.hub.state.accounts.values()}


def _teams(context: Context) -> dict[int, object]:
    organisations = (one for one in context.hub.state.accounts.values() if isinstance(one, Organisation))
    return {team.id: team for one in organisations for team in one.teams.values()}


KINDS: dict[str, Callable[[Context], dict[int, object]]] = {
    "Repository": lambda context: {one.id: one for one in _repositories(context)},
    "User": _accounts,
    "Bot": _accounts,
    "Organization": _accounts,
    "Team": _teams,
    "PullRequest": lambda context: {
        pull.id: Pull(one, pull) for one in _repositories(context) for pull in one.pulls.values()
    },
    "RepositoryRuleset": lambda context: {
        number: Ruleset(one, kept) for one in _repositories(context) for number, kept in one.rulesets.items()
    },
    "Environment": lambda context: {
        kept["id"]: Environment(one, kept) for one in _repositories(context) for kept in one.environments.values()
    },
}
MODELLED: dict[str, dict[str, Any]] = {
    "Query": {
        "id": lambda _root, _: node_id("Query", 0),
        "relay": lambda _root, _: {},
        "viewer": lambda _root, info: info.context.token.account,
        "repository": repository,
        "organization": organisation,
        "user": user,
        "repositoryOwner": owner,
        "node": node,
        "nodes": nodes,
        "rateLimit": lambda _root, info: info.context.rate,
    }
}

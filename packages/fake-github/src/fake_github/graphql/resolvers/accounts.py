"""Users, organisations and teams.

https://docs.github.com/en/graphql/reference/objects#organization
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.errors import Problem
from fake_github.state import Organisation

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.state import Account, Document, Repository, Role, Team

PERMISSIONS: dict[Role, str] = {
    "pull": "READ", "triage": "TRIAGE", "push": "WRITE", "maintain": "MAINTAIN", "admin": "ADMIN"
}  # fmt: skip
ORDERS: dict[str, Callable[[Any], Any]] = {
    "NAME": lambda one: one.name.lower(),
    "CREATED_AT": lambda one: (one.created_at, one.id),
    "UPDATED_AT": lambda one: (one.updated_at, one.id),
    "PUSHED_AT": lambda one: (one.pushed_at, one.id),
    "STARGAZERS": lambda _: 0,
}


def ordered(items: list[Any], order: Document | None) -> list[Any]:
    """Return things in the order that was asked for; without one, as they were created."""
    if order is None:
        return items
    return sorted(items, key=ORDERS[order["field"]], reverse=order["direction"] == "DESC")


def repositories(
    owner: Account,
    info: GraphQLResolveInfo,
    order_by: Document | None = None,
    is_archived: bool | None = None,
    is_fork: bool | None = None,
    is_locked: bool | None = None,
    visibility: str | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of the repositories of an owner that the caller may see."""
    context: Context = info.context

    def wanted(one: Repository) -> bool:
        return (
            is_archived in {None, one.settings["archived"]}
            and is_fork in {None, one.parent is not None}
            and is_locked in {None, one.lock_reason is not None}
            and visibility in {None, one.settings["visibility"].upper()}
        )

    everything = context.hub.state.repositories.values()
    found = [one for one in everything if one.owner is owner and wanted(one) and context.sees(one)]
    return page(ordered(found, order_by), paging)


def repository(owner: Account, info: GraphQLResolveInfo, name: str) -> Repository:
    """Return a repository of an owner."""
    context: Context = info.context
    return context.repository(owner.login, name)


def team(organisation: Organisation, info: GraphQLResolveInfo, slug: str) -> Team | None:
    """Return a team of an organisation."""
    context: Context = info.context
    context.require_organisation_scope("team")
    return organisation.teams.get(slug)


def teams(organisation: Organisation, info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of an organisation's teams."""
    context: Context = info.context
    context.require_organisation_scope("teams")
    return page(list(organisation.teams.values()), paging)


def members(organisation: Organisation, info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of an organisation's members, each edge with the role."""
    context: Context = info.context
    context.require_organisation_scope("membersWithRole")
    found = [one for login in organisation.members if (one := context.hub.state.account(login)) is not None]
    return page(found, paging, lambda one: {"role": organisation.members[one.login].upper()})


def team_members(one: Team, info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of a team's members."""
    context: Context = info.context
    found = [account for login in sorted(one.members) if (account := context.hub.state.account(login)) is not None]
    return page(found, paging)


def team_repositories(one: Team, info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of the repositories that a team reaches, each edge with the permission."""
    context: Context = info.context
    known = ((name, context.hub.state.repository(name)) for name in one.repositories)
    found = [(name, there) for name, there in known if there is not None and context.sees(there)]
    names = {there.id: name for name, there in found}
    return page(
        [there for _, there in found],
        paging,
        lambda there: {"permission": PERMISSIONS[one.repositories[names[there.id]]]},
    )


def team_organisation(one: Team, info: GraphQLResolveInfo) -> Organisation:
    """Return the organisation of a team."""
    context: Context = info.context
    accounts = context.hub.state.accounts.values()
    return next(
        account for account in accounts if isinstance(account, Organisation) and account.teams.get(one.slug) is one
    )


def viewer_role(organisation: Organisation, info: GraphQLResolveInfo) -> str | None:
    """Return the caller's role in an organisation: "admin", "member", or None."""
    context: Context = info.context
    return organisation.members.get(context.token.account.login)


def url(one: Account, info: GraphQLResolveInfo) -> str:
    """Return the address of an account's page."""
    return f"{info.context.hub.url}/{one.login}"


def team_url(one: Team, info: GraphQLResolveInfo) -> str:
    """Return the address of a team's page."""
    return f"{info.context.hub.url}/orgs/{team_organisation(one, info).login}/teams/{one.slug}"


def no_email(_one: Account, _info: GraphQLResolveInfo) -> str:
    """Return the public address: nobody shows one here."""
    return ""


ACCOUNT = {
    "id": lambda one, _: node_id(one.kind, one.id),
    "login": lambda one, _: one.login,
    "url": url,
    "resourcePath": lambda one, _: f"/{one.login}",
    "avatarUrl": lambda one, info: f"{info.context.hub.url}/avatars/{one.id}",
    "databaseId": lambda one, _: one.id,
    "createdAt": lambda one, _: one.created_at,
    "updatedAt": lambda one, _: one.created_at,
}
MODELLED: dict[str, dict[str, Any]] = {
    "User": {
        **ACCOUNT,
        "name": lambda one, _: one.name,
        "email": no_email,
        "isViewer": lambda one, info: one is info.context.token.account,
        "repositories": repositories,
        "repository": repository,
    },
    # The REST API calls an app's account `name[bot]`, this one only `name`.
    "Bot": {**ACCOUNT, "login": lambda one, _: one.login.removesuffix("[bot]")},
    "Organization": {
        **ACCOUNT,
        "name": lambda one, _: one.name or one.login,
        "description": lambda one, _: one.name,
        "repositories": repositories,
        "repository": repository,
        "team": team,
        "teams": teams,
        "membersWithRole": members,
        "viewerIsAMember": lambda one, info: viewer_role(one, info) is not None,
        "viewerCanAdminister": lambda one, info: viewer_role(one, info) == "admin",
    },
    "Team": {
        "id": lambda one, _: node_id("Team", one.id),
        "databaseId": lambda one, _: one.id,
        "slug": lambda one, _: one.slug,
        "name": lambda one, _: one.slug,
        "combinedSlug": lambda one, info: f"{team_organisation(one, info).login}/{one.slug}",
        "description": lambda _one, _: "",
        "privacy": lambda _one, _: "VISIBLE",
        "createdAt": lambda one, _: one.created_at,
        "updatedAt": lambda one, _: one.created_at,
        "url": team_url,
        "organization": team_organisation,
        "members": team_members,
        "repositories": team_repositories,
        "parentTeam": lambda _one, _: None,
    },
}


def organisation_of(context: Context, login: str) -> Organisation:
    """Return an organisation.

    Raises:
        Problem: There is none, or the token is not authorized for its single sign-on.
    """
    found = context.hub.state.organisation(login)
    if found is None:
        raise Problem("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login}'.")
    context.check_single_sign_on(found)
    return found

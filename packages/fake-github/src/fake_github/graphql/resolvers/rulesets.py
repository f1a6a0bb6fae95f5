"""Rulesets: their rules, conditions, and who may bypass them.

https://docs.github.com/en/graphql/reference/objects#repositoryruleset
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.errors import Problem
from fake_github.graphql.fields import camel, refuse
from fake_github.graphql.sources import Actor, Rule, Ruleset
from fake_github.rules import ROLE_IDS

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.state import Document, Repository, Team

OPTIONAL = {"update"}  # rules that work without the parameters that they can have
ROLE_NAMES = {"pull": "read", "push": "write"}


def hidden(context: Context, repository: Repository) -> bool:
    """Return whether the owner's plan has no rulesets for private repositories; REST refuses there."""
    organisation = context.hub.state.organisation(repository.owner.login)
    return organisation is not None and organisation.plan == "free" and repository.private


def rulesets(
    repository: Repository,
    info: GraphQLResolveInfo,
    include_parents: bool = True,  # noqa: ARG001 - organisations have no rulesets here
    targets: list[str] | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document | None:
    """Return a page of a repository's rulesets."""
    if hidden(info.context, repository):
        return page([], paging)
    listed = [Ruleset(repository, one) for one in repository.rulesets.values()]
    wanted = [one for one in listed if targets is None or one.document["target"].upper() in targets]
    return page(wanted, paging)


def ruleset(
    repository: Repository,
    info: GraphQLResolveInfo,
    database_id: int,
    include_parents: bool = True,  # noqa: ARG001
) -> Ruleset | None:
    """Return a ruleset by its number."""
    if hidden(info.context, repository) or database_id not in repository.rulesets:
        return None
    return Ruleset(repository, repository.rulesets[database_id])


def rules(
    one: Ruleset,
    _info: GraphQLResolveInfo,
    type: str | None = None,  # noqa: A002 - GitHub's name
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of a ruleset's rules."""
    listed = [Rule(one, number, rule) for number, rule in enumerate(one.document["rules"])]
    return page([rule for rule in listed if type in {None, rule.document["type"].upper()}], paging)


def parameters(one: Rule, info: GraphQLResolveInfo) -> Document | None:
    """Return the parameters of a rule; None for a rule that has none."""
    kept = one.document.get("parameters")
    name = "".join(word.capitalize() for word in one.document["type"].split("_")) + "Parameters"
    kind = info.schema.type_map.get(name)
    if kind is None or (kept is None and one.document["type"] in OPTIONAL):
        return None
    if kept is None:
        raise refuse(info, f"a rule {one.document['type']} without parameters")
    return {"__typename": name, **_filled(kind, {camel(key): value for key, value in kept.items()})}


def _filled(kind: Any, document: Document) -> Document:  # noqa: ANN401 - a type with fields
    """Return a document in which everything that may be null and is not there is null."""
    found: Document = dict.fromkeys(kind.fields) | document
    checks = found.get("requiredStatusChecks")
    if checks is not None:
        found["requiredStatusChecks"] = [
            {"context": check["context"], "integrationId": check.get("integration_id")} for check in checks
        ]
    return found


def conditions(one: Ruleset, _info: GraphQLResolveInfo) -> Document:
    """Return which refs a ruleset is for."""
    names = (one.document.get("conditions") or {}).get("ref_name")
    others = dict.fromkeys(("repositoryId", "repositoryName", "repositoryProperty"))
    return {"refName": names and {"include": names["include"], "exclude": names["exclude"]}, **others}


def bypass_actors(one: Ruleset, info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of those who may bypass a ruleset.

    REST leaves them out for those who could not change the ruleset; so they are forbidden here.
    https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset
    """
    context: Context = info.context
    if context.role(one.repository) != "admin":
        raise Problem("FORBIDDEN", "Resource not accessible: only administrators can see who may bypass a ruleset.")
    listed = [Actor(one, number, actor) for number, actor in enumerate(one.document["bypass_actors"])]
    return page(listed, paging)


def actor(one: Actor, info: GraphQLResolveInfo) -> Team | Document | None:
    """Return the team or the app that may bypass a ruleset; None for a role."""
    kind, number = one.document["actor_type"], one.document.get("actor_id")
    context: Context = info.context
    if kind == "Integration":
        known = next((app for app in context.hub.apps.values() if app.id == number), None)
        names = {} if known is None else {"slug": known.slug, "name": known.slug, "clientId": known.client_id}
        return {"__typename": "App", "databaseId": number, "id": node_id("App", number or 0), **names}
    organisation = context.hub.state.organisation(one.ruleset.repository.owner.login)
    if kind != "Team" or organisation is None:
        return None
    return next((team for team in organisation.teams.values() if team.id == number), None)


def role_id(one: Actor) -> int | None:
    """Return the number of the repository role that may bypass a ruleset."""
    return one.document.get("actor_id") if one.document["actor_type"] == "RepositoryRole" else None


def role_name(one: Actor, _info: GraphQLResolveInfo) -> str | None:
    """Return the name of that role."""
    role = ROLE_IDS.get(role_id(one) or 0)
    return None if role is None else ROLE_NAMES.get(role, role)


MODELLED: dict[str, dict[str, Any]] = {
    "Repository": {"ruleset": ruleset, "rulesets": rulesets},
    "RepositoryRuleset": {
        "id": lambda one, _: node_id("RepositoryRuleset", one.document["id"]),
        "databaseId": lambda one, _: one.document["id"],
        "name": lambda one, _: one.document["name"],
        "enforcement": lambda one, _: one.document["enforcement"].upper(),
        "target": lambda one, _: one.document["target"].upper(),
        "createdAt": lambda one, _: one.document["created_at"],
        "updatedAt": lambda one, _: one.document["updated_at"],
        "source": lambda one, _: one.repository,
        "conditions": conditions,
        "rules": rules,
        "bypassActors": bypass_actors,
    },
    "RepositoryRule": {
        "id": lambda one, _: node_id("RepositoryRule", one.ruleset.document["id"] * 100 + one.number),
        "type": lambda one, _: one.document["type"].upper(),
        "parameters": parameters,
        "repositoryRuleset": lambda one, _: one.ruleset,
    },
    "RepositoryRulesetBypassActor": {
        "id": lambda one, _: node_id("BypassActor", one.ruleset.document["id"] * 100 + one.number),
        "actor": actor,
        "bypassMode": lambda one, _: one.document["bypass_mode"].upper(),
        "deployKey": lambda one, _: one.document["actor_type"] == "DeployKey",
        "enterpriseOwner": lambda one, _: one.document["actor_type"] == "EnterpriseOwner",
        "organizationAdmin": lambda one, _: one.document["actor_type"] == "OrganizationAdmin",
        "repositoryRoleDatabaseId": lambda one, _: role_id(one),
        "repositoryRoleName": role_name,
        "repositoryRuleset": lambda one, _: one.ruleset,
    },
}

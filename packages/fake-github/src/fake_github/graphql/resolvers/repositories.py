"""Repositories: their settings, topics and environments.

https://docs.github.com/en/graphql/reference/objects#repository
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import deployments, git_objects
from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.fields import refuse
from fake_github.graphql.resolvers import git
from fake_github.graphql.resolvers.accounts import PERMISSIONS
from fake_github.graphql.sources import Environment, Topic
from fake_github.state import Organisation

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.state import Document, Repository

# Fields, with the names that they have in `PATCH /repos/{owner}/{repo}`.
SETTINGS = {
    "allowUpdateBranch": "allow_update_branch",
    "autoMergeAllowed": "allow_auto_merge",
    "deleteBranchOnMerge": "delete_branch_on_merge",
    "description": "description",
    "forkingAllowed": "allow_forking",
    "hasDiscussionsEnabled": "has_discussions",
    "hasIssuesEnabled": "has_issues",
    "hasProjectsEnabled": "has_projects",
    "hasWikiEnabled": "has_wiki",
    "homepageUrl": "homepage",
    "isArchived": "archived",
    "isPrivate": "private",
    "isTemplate": "is_template",
    "mergeCommitAllowed": "allow_merge_commit",
    "mergeCommitMessage": "merge_commit_message",
    "mergeCommitTitle": "merge_commit_title",
    "rebaseMergeAllowed": "allow_rebase_merge",
    "squashMergeAllowed": "allow_squash_merge",
    "squashMergeCommitMessage": "squash_merge_commit_message",
    "squashMergeCommitTitle": "squash_merge_commit_title",
    "squashPrTitleUsedAsDefault": "use_squash_pr_title_as_default",
    "webCommitSignoffRequired": "web_commit_signoff_required",
}


def setting(name: str) -> Callable[[Repository, GraphQLResolveInfo], object]:
    """Return the resolver of a setting."""

    def resolve(one: Repository, _info: GraphQLResolveInfo) -> object:
        return one.settings[name]

    return resolve


def topics(one: Repository, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of a repository's topics."""
    return page([Topic(name) for name in one.topics], paging)


def environments(
    one: Repository,
    info: GraphQLResolveInfo,
    names: list[str] | None = None,
    order_by: Document | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of a repository's environments, by name."""
    order = order_by or {"field": "NAME", "direction": "ASC"}
    if order["field"] != "NAME":
        raise refuse(info, f"the order {order['field']} of Repository.environments")
    known = sorted(one.environments.values(), key=lambda kept: kept["name"], reverse=order["direction"] == "DESC")
    return page([Environment(one, kept) for kept in known if not names or kept["name"] in names], paging)


def environment(one: Repository, _info: GraphQLResolveInfo, name: str) -> Environment | None:
    """Return an environment by its name."""
    kept = one.environments.get(name)
    return None if kept is None else Environment(one, kept)


def protection_rules(one: Environment, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of the rules of an environment; which branches they allow, only REST says."""
    kept = one.document
    rules = [
        {
            "databaseId": rule["id"],
            "type": rule["type"].upper(),
            "timeout": kept["wait_timer"] if rule["type"] == "wait_timer" else 0,
            "preventSelfReview": kept["prevent_self_review"] if rule["type"] == "required_reviewers" else None,
        }
        for rule in deployments.protection_rules(kept)
    ]
    return page(rules, paging)


def forks(one: Repository, info: GraphQLResolveInfo) -> int:
    """Return how many forks a repository has."""
    context: Context = info.context
    return sum(other.parent is one for other in context.hub.state.repositories.values())


def permission(one: Repository, info: GraphQLResolveInfo) -> str | None:
    """Return what the caller may do in a repository."""
    context: Context = info.context
    role = context.role(one)
    return None if role is None else PERMISSIONS[role]


def url(one: Repository, info: GraphQLResolveInfo) -> str:
    """Return the address of the page of a repository."""
    return f"{info.context.hub.url}/{one.full_name}"


def parent(one: Repository, info: GraphQLResolveInfo) -> Repository | None:
    """Return what a repository is a fork of; None if the caller may not see that."""
    context: Context = info.context
    return one.parent if one.parent is not None and context.sees(one.parent) else None


MODELLED: dict[str, dict[str, Any]] = {
    "Repository": {
        **{field: setting(name) for field, name in SETTINGS.items()},
        "id": lambda one, _: node_id("Repository", one.id),
        "databaseId": lambda one, _: one.id,
        "name": lambda one, _: one.name,
        "nameWithOwner": lambda one, _: one.full_name,
        "owner": lambda one, _: one.owner,
        "url": url,
        "resourcePath": lambda one, _: f"/{one.full_name}",
        "sshUrl": lambda one, info: f"git@{info.context.hub.host}:{one.full_name}.git",
        "visibility": lambda one, _: one.settings["visibility"].upper(),
        "createdAt": lambda one, _: one.created_at,
        "updatedAt": lambda one, _: one.updated_at,
        "pushedAt": lambda one, _: one.pushed_at,
        "isDisabled": lambda one, _: one.disabled,
        "isLocked": lambda one, _: one.lock_reason is not None,
        "lockReason": lambda one, _: one.lock_reason,
        "isEmpty": lambda one, _: not git_objects.refs(one.folder),
        "isFork": lambda one, _: one.parent is not None,
        "isMirror": lambda one, _: one.mirror_url is not None,
        "mirrorUrl": lambda one, _: one.mirror_url,
        "isInOrganization": lambda one, _: isinstance(one.owner, Organisation),
        "hasVulnerabilityAlertsEnabled": lambda one, _: one.vulnerability_alerts,
        "stargazerCount": lambda _one, _: 0,
        "forkCount": forks,
        "parent": parent,
        "templateRepository": lambda _one, _: None,
        "viewerPermission": permission,
        "viewerCanAdminister": lambda one, info: permission(one, info) == "ADMIN",
        "repositoryTopics": topics,
        "environment": environment,
        "environments": environments,
        "defaultBranchRef": git.default_branch,
        "object": git.git_object,
        "ref": git.ref,
        "refs": git.refs,
    },
    "RepositoryTopic": {
        "topic": lambda one, _: one,
        "url": lambda one, info: f"{info.context.hub.url}/topics/{one.name}",
    },
    "Topic": {"name": lambda one, _: one.name},
    "Environment": {
        "id": lambda one, _: node_id("Environment", one.document["id"]),
        "databaseId": lambda one, _: one.document["id"],
        "name": lambda one, _: one.document["name"],
        "protectionRules": protection_rules,
    },
}

"""Releases.

https://docs.github.com/en/graphql/reference/objects#release
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.resolvers.git import branch
from fake_github.graphql.sources import Release

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.sources import Ref
    from fake_github.state import Document, Repository

ORDERS = {"CREATED_AT": "created_at", "NAME": "name"}


def releases(
    repository: Repository,
    _info: GraphQLResolveInfo,
    order_by: Document | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of a repository's releases; without an order, the oldest first."""
    found = [Release(repository, kept) for kept in repository.releases.values()]
    if order_by is not None:
        name = ORDERS[order_by["field"]]
        backwards = order_by["direction"] == "DESC"
        found.sort(key=lambda one: (one.document[name] or "", one.document["id"]), reverse=backwards)
    return page(found, paging)


def latest(repository: Repository, _info: GraphQLResolveInfo) -> Release | None:
    """Return the newest release that is neither a draft nor a pre-release."""
    found = [kept for kept in repository.releases.values() if not (kept["draft"] or kept["prerelease"])]
    return Release(repository, found[-1]) if found else None


def is_latest(one: Release, info: GraphQLResolveInfo) -> bool:
    """Return whether a release is the latest one."""
    found = latest(one.repository, info)
    return found is not None and found.document is one.document


def tag(one: Release, _info: GraphQLResolveInfo) -> Ref | None:
    """Return the tag of a release; None for a draft whose tag does not exist yet."""
    return branch(one.repository, f"refs/tags/{one.document['tag_name']}")


def url(one: Release, info: GraphQLResolveInfo) -> str:
    """Return the address of the page of a release."""
    return f"{info.context.hub.url}/{one.repository.full_name}/releases/tag/{one.document['tag_name']}"


MODELLED: dict[str, dict[str, Any]] = {
    "Repository": {"releases": releases, "latestRelease": latest},
    "Release": {
        "id": lambda one, _: node_id("Release", one.document["id"]),
        "databaseId": lambda one, _: one.document["id"],
        "name": lambda one, _: one.document["name"],
        "tagName": lambda one, _: one.document["tag_name"],
        "tag": tag,
        "description": lambda one, _: one.document["body"],
        "isDraft": lambda one, _: one.document["draft"],
        "isPrerelease": lambda one, _: one.document["prerelease"],
        "isLatest": is_latest,
        "author": lambda one, _: one.document["account"],
        "createdAt": lambda one, _: one.document["created_at"],
        "updatedAt": lambda one, _: one.document["updated_at"],
        "publishedAt": lambda one, _: one.document["published_at"],
        "repository": lambda one, _: one.repository,
        "url": url,
    },
}

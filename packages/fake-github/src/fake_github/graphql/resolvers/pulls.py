"""Pull requests.

https://docs.github.com/en/graphql/reference/objects#pullrequest
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import git_objects
from fake_github import git_repository as bare
from fake_github.documents.accounts import node_id
from fake_github.documents.pulls import association, changed_lines
from fake_github.graphql.connections import page
from fake_github.graphql.errors import Problem
from fake_github.graphql.fields import refuse
from fake_github.graphql.resolvers.git import branch, found
from fake_github.graphql.sources import Pull
from fake_github.rules import merge_state

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.graphql.sources import Object, Ref
    from fake_github.state import Document, Repository


def state(one: Pull) -> str:
    """Return the state of a pull request."""
    return "MERGED" if one.pull.merged_at is not None else one.pull.state.upper()


def pull_requests(
    repository: Repository,
    info: GraphQLResolveInfo,
    states: list[str] | None = None,
    head_ref_name: str | None = None,
    base_ref_name: str | None = None,
    labels: list[str] | None = None,
    order_by: Document | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of a repository's pull requests; without an order, the oldest first."""
    listed = [Pull(repository, one) for one in repository.pulls.values()]
    wanted = [
        one
        for one in listed
        if (states is None or state(one) in states)
        and head_ref_name in {None, one.pull.head_branch}
        and base_ref_name in {None, one.pull.base_branch}
        and not labels  # nothing has one here
    ]
    if order_by is not None:
        keys = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}
        if order_by["field"] not in keys:
            raise refuse(info, f"the order {order_by['field']} of Repository.pullRequests")
        name = keys[order_by["field"]]
        wanted.sort(key=lambda one: (getattr(one.pull, name), one.pull.number), reverse=order_by["direction"] == "DESC")
    return page(wanted, paging)


def pull_request(repository: Repository, _info: GraphQLResolveInfo, number: int) -> Pull:
    """Return a pull request by its number."""
    if number not in repository.pulls:
        raise Problem("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    return Pull(repository, repository.pulls[number])


def mergeable(one: Pull, _info: GraphQLResolveInfo) -> str:
    """Return whether a pull request merges without a conflict."""
    if one.pull.state == "closed":
        return "UNKNOWN"
    clean = git_objects.merges(one.repository.folder, one.pull.base, one.pull.head)
    return "MERGEABLE" if clean else "CONFLICTING"


def merge_state_status(one: Pull, _info: GraphQLResolveInfo) -> str:
    """Return what a pull request waits for."""
    return "UNKNOWN" if one.pull.state == "closed" else merge_state(one.repository, one.pull)[1].upper()


def head_ref(one: Pull, _info: GraphQLResolveInfo) -> Ref | None:
    """Return the branch that a pull request comes from; None if it is gone."""
    return branch(one.pull.head_repository, f"refs/heads/{one.pull.head_branch}")


def base_ref(one: Pull, _info: GraphQLResolveInfo) -> Ref | None:
    """Return the branch that a pull request goes to; None if it is gone."""
    return branch(one.repository, f"refs/heads/{one.pull.base_branch}")


def merge_commit(one: Pull, _info: GraphQLResolveInfo) -> Object | None:
    """Return the commit that a merge made."""
    return None if one.pull.merge_commit is None else found(one.repository, one.pull.merge_commit)


def commits(one: Pull, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of a pull request's commits, the oldest first."""
    folder = one.repository.folder
    listed = bare.commits(folder, one.pull.head, f"^{one.pull.base}")
    return page([{"commit": found(one.repository, commit.sha)} for commit in listed], paging)


def comments(one: Pull, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of the comments on a pull request."""
    known = [comment for comment in one.repository.comments.values() if comment.number == one.pull.number]
    listed = [
        {
            "id": node_id("IssueComment", comment.id),
            "databaseId": comment.id,
            "author": comment.author,
            "body": comment.body,
            "createdAt": comment.created_at,
            "updatedAt": comment.updated_at,
        }
        for comment in known
    ]
    return page(listed, paging)


def nothing(_one: Pull, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return an empty page: the state has no labels, reviews, assignees or projects."""
    return page([], paging)


REACTIONS = ("THUMBS_UP", "THUMBS_DOWN", "LAUGH", "HOORAY", "CONFUSED", "HEART", "ROCKET", "EYES")


def reactions(_one: Pull, _info: GraphQLResolveInfo) -> list[Document]:
    """Return how many people have reacted in each way: nobody."""
    return [{"content": one, "users": page([], {}), "viewerHasReacted": False} for one in REACTIONS]


def changed(one: Pull) -> list[tuple[int, int]]:
    """Return how many lines each changed file gets and loses."""
    return changed_lines(one.repository, one.pull)


def url(one: Pull, info: GraphQLResolveInfo) -> str:
    """Return the address of the page of a pull request."""
    context: Context = info.context
    return f"{context.hub.url}/{one.repository.full_name}/pull/{one.pull.number}"


MODELLED: dict[str, dict[str, Any]] = {
    "Repository": {"pullRequest": pull_request, "pullRequests": pull_requests},
    "PullRequest": {
        "id": lambda one, _: node_id("PullRequest", one.pull.id),
        "databaseId": lambda one, _: one.pull.id,
        "fullDatabaseId": lambda one, _: str(one.pull.id),
        "number": lambda one, _: one.pull.number,
        "title": lambda one, _: one.pull.title,
        "body": lambda one, _: one.pull.body or "",
        "url": url,
        "permalink": url,
        "state": lambda one, _: state(one),
        "closed": lambda one, _: one.pull.state == "closed",
        "merged": lambda one, _: one.pull.merged_at is not None,
        "isDraft": lambda one, _: one.pull.draft,
        "locked": lambda _one, _: False,
        "author": lambda one, _: one.pull.author,
        "authorAssociation": lambda one, info: association(info.context.hub, one.repository, one.pull.author),
        "additions": lambda one, _: sum(added for added, _ in changed(one)),
        "deletions": lambda one, _: sum(removed for _, removed in changed(one)),
        "changedFiles": lambda one, _: len(changed(one)),
        "autoMergeRequest": lambda _one, _: None,
        "milestone": lambda _one, _: None,
        "projectItems": nothing,
        "reactionGroups": reactions,
        "isInMergeQueue": lambda _one, _: False,
        "isMergeQueueEnabled": lambda _one, _: False,
        "createdAt": lambda one, _: one.pull.created_at,
        "updatedAt": lambda one, _: one.pull.updated_at,
        "closedAt": lambda one, _: one.pull.closed_at,
        "mergedAt": lambda one, _: one.pull.merged_at,
        "mergedBy": lambda one, _: one.pull.merged_by,
        "mergeCommit": merge_commit,
        "mergeable": mergeable,
        "mergeStateStatus": merge_state_status,
        "maintainerCanModify": lambda one, _: one.pull.maintainer_can_modify,
        "isCrossRepository": lambda one, _: one.pull.head_repository is not one.repository,
        "headRefName": lambda one, _: one.pull.head_branch,
        "headRefOid": lambda one, _: one.pull.head,
        "headRef": head_ref,
        "headRepository": lambda one, _: one.pull.head_repository,
        "headRepositoryOwner": lambda one, _: one.pull.head_repository.owner,
        "baseRefName": lambda one, _: one.pull.base_branch,
        "baseRefOid": lambda one, _: one.pull.base,
        "baseRef": base_ref,
        "baseRepository": lambda one, _: one.repository,
        "repository": lambda one, _: one.repository,
        "commits": commits,
        "comments": comments,
        "labels": nothing,
        "assignees": nothing,
        "reviews": nothing,
        "reviewRequests": nothing,
        "viewerDidAuthor": lambda one, info: one.pull.author is info.context.token.account,
    },
}

"""Check runs and statuses of a commit, and the state that they come to.

https://docs.github.com/en/graphql/reference/objects#statuscheckrollup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.resolvers.git import found
from fake_github.graphql.sources import Check, Object, Rollup, Status

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.sources import Pull
    from fake_github.state import Document

FAILED = {"failure", "timed_out", "cancelled", "action_required", "startup_failure"}


def rollup(one: Object | None, _info: GraphQLResolveInfo) -> Rollup | None:
    """Return the checks and statuses of a commit, the last of each name counting; None if it has none."""
    if one is None:
        return None
    repository = one.repository
    found: dict[str, Check | Status] = {}
    for run in repository.check_runs.values():
        if run["head_sha"] == one.sha:
            found[f"check {run['name']}"] = Check(repository, run)
    for status in repository.statuses:
        if status["sha"] == one.sha:
            found[f"status {status['context']}"] = Status(repository, status)
    return Rollup(one, tuple(found.values())) if found else None


def pull_rollup(one: Pull, info: GraphQLResolveInfo) -> Rollup | None:
    """Return the checks and statuses of a pull request's last commit."""
    return rollup(found(one.repository, one.pull.head), info)


def state_of(one: Check | Status) -> str:
    """Return what a check or a status says, in the words that statuses have."""
    if isinstance(one, Status):
        return str(one.document["state"]).upper()
    if one.document["status"] != "completed":
        return "PENDING"
    return "FAILURE" if one.document["conclusion"] in FAILED else "SUCCESS"


def state(one: Rollup, _info: GraphQLResolveInfo) -> str:
    """Return what all checks and statuses of a commit come to."""
    states = {state_of(context) for context in one.contexts}
    return next((word for word in ("FAILURE", "ERROR", "PENDING") if word in states), "SUCCESS")


def contexts(one: Rollup, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of the checks and statuses."""
    return page(one.contexts, paging)


MODELLED: dict[str, dict[str, Any]] = {
    "Commit": {"statusCheckRollup": rollup},
    "PullRequest": {"statusCheckRollup": pull_rollup},
    "StatusCheckRollup": {
        "id": lambda one, _: node_id("StatusCheckRollup", int(one.commit.sha[:8], 16)),
        "commit": lambda one, _: one.commit,
        "state": state,
        "contexts": contexts,
    },
    "CheckRun": {
        "id": lambda one, _: node_id("CheckRun", one.document["id"]),
        "databaseId": lambda one, _: one.document["id"],
        "name": lambda one, _: one.document["name"],
        "status": lambda one, _: one.document["status"].upper(),
        "conclusion": lambda one, _: one.document["conclusion"] and one.document["conclusion"].upper(),
        "startedAt": lambda one, _: one.document["started_at"],
        "completedAt": lambda one, _: one.document["completed_at"],
        "detailsUrl": lambda one, _: one.document["details_url"],
        "url": lambda one, info: f"{info.context.hub.url}/{one.repository.full_name}/runs/{one.document['id']}",
    },
    "StatusContext": {
        "id": lambda one, _: node_id("Status", one.document["id"]),
        "context": lambda one, _: one.document["context"],
        "state": lambda one, _: one.document["state"].upper(),
        "description": lambda one, _: one.document["description"],
        "targetUrl": lambda one, _: one.document["target_url"],
        "createdAt": lambda one, _: one.document["created_at"],
    },
}

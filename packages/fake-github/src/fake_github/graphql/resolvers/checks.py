"""Check runs and statuses of a commit, and the state that they come to.

https://docs.github.com/en/graphql/reference/objects#statuscheckrollup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.resolvers.git import found
from fake_github.graphql.sources import Check, Object, Rollup, Status
from fake_github.rules import required_checks

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


def suite(one: Check, info: GraphQLResolveInfo) -> Document:
    """Return the suite of a check, with the workflow run that the check is a job of; None for a check of an app."""
    kept, number = one.document, one.document["external_id"]
    run = one.repository.workflow_runs.get(int(number)) if number.isdigit() else None
    address = f"{info.context.hub.url}/{one.repository.full_name}/actions/runs/{number}"
    workflow = run and {"id": node_id("Workflow", run["workflow_id"]), "name": run["name"]}
    return {
        "id": node_id("CheckSuite", kept["suite"]),
        "databaseId": kept["suite"],
        "workflowRun": run
        and {
            "id": node_id("WorkflowRun", run["id"]),
            "databaseId": run["id"],
            "event": run["event"],
            "runNumber": run["run_number"],
            "url": address,
            "workflow": workflow,
        },
    }


def is_required(
    one: Check | Status,
    _info: GraphQLResolveInfo,
    pull_request_id: str | None = None,
    pull_request_number: int | None = None,
) -> bool:
    """Return whether a pull request cannot merge without a check or status of this name."""
    name = one.document["context"] if isinstance(one, Status) else one.document["name"]
    return any(
        name in required_checks(one.repository, pull)
        for pull in one.repository.pulls.values()
        if pull.number == pull_request_number or node_id("PullRequest", pull.id) == pull_request_id
    )


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
        "checkSuite": suite,
        "isRequired": is_required,
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
        "isRequired": is_required,
        "state": lambda one, _: one.document["state"].upper(),
        "description": lambda one, _: one.document["description"],
        "targetUrl": lambda one, _: one.document["target_url"],
        "createdAt": lambda one, _: one.document["created_at"],
    },
}

"""Workflows and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github import workflow_runs
from fake_github.answers import Answer, NotFound
from fake_github.documents.accounts import node_id, simple_user
from fake_github.documents.repositories import repository as listed
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

ACTIONS = "/repos/{owner}/{repo}/actions"
# Parameters of the query, each with what it is compared with.
FILTERS = {"branch": "head_branch", "event": "event", "head_sha": "head_sha"}


def document(call: Call, repository: Repository, kept: Document) -> Document:
    """Return a run."""
    url = call.url("repos", repository.full_name, "actions/runs", kept["id"])
    suite, attempt = kept["id"] + 1, kept["run_attempt"]
    actor = simple_user(call.hub, kept["actor"])
    whole = listed(call.hub, repository)
    return {
        **kept,
        "node_id": node_id("WorkflowRun", kept["id"]),
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CheckSuite", suite),
        "actor": actor,
        "triggering_actor": actor,
        "referenced_workflows": [],
        "pull_requests": [],
        "url": url,
        "html_url": f"{call.hub.url}/{repository.full_name}/actions/runs/{kept['id']}",
        **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")},
        "check_suite_url": call.url("repos", repository.full_name, "check-suites", suite),
        "workflow_url": call.url("repos", repository.full_name, "actions/workflows", kept["workflow_id"]),
        "previous_attempt_url": f"{url}/attempts/{attempt - 1}" if attempt > 1 else None,
        "head_commit": _commit(repository, kept["head_sha"]),
        "repository": whole,
        "head_repository": whole,
    }


def _commit(repository: Repository, sha: str) -> Document:
    one = bare.commit(repository.folder, sha)
    people = {"author": one.author, "committer": one.committer}
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "message": one.message,
        "timestamp": one.committer.date,
        **{role: {"name": who.name, "email": who.email} for role, who in people.items()},
    }


@route(f"GET {ACTIONS}/runs")
def list_runs(call: Call, repository: Repository) -> Answer:
    """Return the runs, the newest first; `status` is a status or a conclusion."""
    query = call.query
    found = [
        document(call, repository, one)
        for one in sorted(repository.workflow_runs.values(), key=lambda one: -one["id"])
        if all(query.get(name, one[kept]) == one[kept] for name, kept in FILTERS.items())
        and query.get("status", one["status"]) in {one["status"], one["conclusion"]}
        and query.get("actor", one["actor"].login) == one["actor"].login
    ]
    return call.listing(found, "workflow_runs")


@route(f"GET {ACTIONS}/runs/{{run_id}}")
def get_run(call: Call, repository: Repository) -> Answer:
    """Return a run."""
    return Answer(200, document(call, repository, call.numbered("run_id", repository.workflow_runs)))


@route(f"GET {ACTIONS}/workflows")
def list_workflows(call: Call, repository: Repository) -> Answer:
    """Return the workflows of the default branch."""
    found = workflow_runs.workflows(repository).items()
    return call.listing([_workflow(call, repository, number, path) for number, path in found], "workflows")


@route(f"GET {ACTIONS}/workflows/{{workflow_id}}")
def get_workflow(call: Call, repository: Repository) -> Answer:
    """Return a workflow, by its id or by the name of its file."""
    wanted = call.parameters["workflow_id"]
    for number, path in workflow_runs.workflows(repository).items():
        if wanted in {str(number), path.rpartition("/")[2]}:
            return Answer(200, _workflow(call, repository, number, path))
    raise NotFound


def _workflow(call: Call, repository: Repository, number: int, path: str) -> Document:
    page = f"{call.hub.url}/{repository.full_name}"
    name = workflow_runs.name_of(repository, path, repository.default_branch)
    return {
        "id": number,
        "node_id": node_id("Workflow", number),
        "name": name,
        "path": path,
        "state": "active",
        "created_at": repository.created_at,
        "updated_at": repository.updated_at,
        "url": call.url("repos", repository.full_name, "actions/workflows", number),
        "html_url": f"{page}/blob/{repository.default_branch}/{path}",
        "badge_url": f"{page}/workflows/{name}/badge.svg",
    }

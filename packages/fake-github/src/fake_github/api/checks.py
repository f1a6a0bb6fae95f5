"""What was found about a commit: check runs and statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden, Invalid, Refused
from fake_github.api.git_data import found_commit
from fake_github.clock import now
from fake_github.documents.accounts import node_id, simple_user
from fake_github.documents.repositories import repository as repository_document
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Account, Document, Repository

KEPT = ("name", "external_id", "details_url", "status", "conclusion", "started_at", "completed_at")


def _app(hub: Hub, account: Account) -> Document:
    return {
        "id": account.id,
        "slug": account.login.removesuffix("[bot]"),
        "node_id": node_id("App", account.id),
        "owner": simple_user(hub, account),
        "name": account.login.removesuffix("[bot]"),
        "description": "",
        "external_url": hub.url,
        "html_url": f"{hub.url}/apps/{account.login.removesuffix('[bot]')}",
        "created_at": account.created_at,
        "updated_at": account.created_at,
        "permissions": {"checks": "write", "contents": "write", "metadata": "read"},
        "events": [],
    }


def document(call: Call, repository: Repository, kept: Document) -> Document:
    """Return a check run."""
    url = call.url("repos", repository.full_name, "check-runs", kept["id"])
    output = {"title": None, "summary": None, "text": None, **kept["output"], "annotations_count": 0}
    output.pop("annotations", None)
    return {
        "id": kept["id"],
        "node_id": node_id("CheckRun", kept["id"]),
        "head_sha": kept["head_sha"],
        **{name: kept[name] for name in KEPT},
        "url": url,
        "html_url": f"{call.hub.url}/{repository.full_name}/runs/{kept['id']}",
        "output": {**output, "annotations_url": f"{url}/annotations"},
        "check_suite": {"id": kept["suite"]},
        "app": _app(call.hub, kept["account"]),
        "pull_requests": [],
    }


@route("POST /repos/{owner}/{repo}/check-runs")
def create(call: Call, repository: Repository) -> Answer:
    """Make a check run; only GitHub Apps may."""
    if call.caller.kind == "user":
        raise Forbidden("You must authenticate via a GitHub App.")
    body, number = call.body, call.hub.state.next_id()
    sha = found_commit(repository, body["head_sha"])
    kept = {
        "id": number,
        "head_sha": sha,
        "name": body["name"],
        "external_id": body.get("external_id", ""),
        "details_url": body.get("details_url"),
        "suite": number + 1,
        "account": call.caller.account,
        "output": body.get("output") or {},
        "status": "queued",
        "conclusion": None,
        "started_at": now(),
        "completed_at": None,
    }
    repository.check_runs[number] = kept
    _change(kept, body)
    return Answer(201, document(call, repository, kept))


@route("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}")
def update(call: Call, repository: Repository) -> Answer:
    """Change a check run; only the app that made it may."""
    kept = _check_run(call, repository)
    if call.caller.account is not kept["account"]:
        raise Forbidden(f"Invalid app_id `{call.caller.account.id}` - check run can only be modified by its creator.")
    _change(kept, call.body)
    return Answer(200, document(call, repository, kept))


def _change(kept: Document, body: Document) -> None:
    kept |= {name: body[name] for name in KEPT if name in body}
    if "output" in body:
        kept["output"] = kept["output"] | body["output"]
    if body.get("conclusion"):
        kept["status"] = "completed"
    if kept["status"] == "completed":
        if kept["conclusion"] is None:
            raise Invalid("CheckRun", "conclusion", "missing_field")
        kept["completed_at"] = kept["completed_at"] or now()


@route("GET /repos/{owner}/{repo}/check-runs/{check_run_id}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a check run."""
    return Answer(200, document(call, repository, _check_run(call, repository)))


def _check_run(call: Call, repository: Repository) -> Document:
    return call.numbered("check_run_id", repository.check_runs)


@route("GET /repos/{owner}/{repo}/commits/{ref}/check-runs")
def list_for_ref(call: Call, repository: Repository) -> Answer:
    """Return the check runs of a commit: the last of each name, unless all are asked for."""
    sha = found_commit(repository, call.parameters["ref"])
    found: dict[object, Document] = {}
    for one in repository.check_runs.values():
        wanted = one["head_sha"] == sha and call.query.get("check_name", one["name"]) == one["name"]
        if wanted and call.query.get("status", one["status"]) == one["status"]:
            found[one["id"] if call.query.get("filter") == "all" else one["name"]] = one
    return call.listing([document(call, repository, one) for one in found.values()], "check_runs")


@route("POST /repos/{owner}/{repo}/statuses/{sha}")
def create_status(call: Call, repository: Repository) -> Answer:
    """Say something about a commit."""
    sha = call.parameters["sha"]
    if found_commit(repository, sha) != sha:
        raise Refused(422, f"No commit found for SHA: {sha}")
    moment, number = now(), call.hub.state.next_id()
    status = {
        "id": number,
        "sha": sha,
        "context": call.body.get("context", "default"),
        "state": call.body["state"],
        "description": call.body.get("description"),
        "target_url": call.body.get("target_url"),
        "account": call.caller.account,
        "created_at": moment,
        "updated_at": moment,
    }
    repository.statuses.append(status)
    return Answer(201, _status(call, repository, status))


def _status(call: Call, repository: Repository, kept: Document) -> Document:
    hidden = {"sha", "account"}
    return {
        **{name: value for name, value in kept.items() if name not in hidden},
        "node_id": node_id("Status", kept["id"]),
        "url": call.url("repos", repository.full_name, "statuses", kept["sha"]),
        "avatar_url": f"{call.hub.url}/avatars/{kept['account'].id}",
        "creator": simple_user(call.hub, kept["account"]),
    }


@route("GET /repos/{owner}/{repo}/commits/{ref}/statuses")
def list_statuses(call: Call, repository: Repository) -> Answer:
    """Return what was said about a commit, the last first."""
    sha = found_commit(repository, call.parameters["ref"])
    found = [one for one in reversed(repository.statuses) if one["sha"] == sha]
    return call.listing([_status(call, repository, one) for one in found])


@route("GET /repos/{owner}/{repo}/commits/{ref}/status")
def get_combined_status(call: Call, repository: Repository) -> Answer:
    """Return what all statuses of a commit come to, the last of each context counting."""
    sha = found_commit(repository, call.parameters["ref"])
    last = {one["context"]: one for one in repository.statuses if one["sha"] == sha}
    states = {one["state"] for one in last.values()}
    bad = states & {"failure", "error"}
    state = "failure" if bad else "success" if states == {"success"} else "pending"
    url = call.url("repos", repository.full_name, "commits", sha)
    shown = [_status(call, repository, one) for one in last.values()]
    required = [{**one, "required": False} for one in shown]
    whole = repository_document(call.hub, repository)
    return Answer(200, {
        "state": state,
        "statuses": required,
        "sha": sha,
        "total_count": len(shown),
        "repository": whole,
        "commit_url": url,
        "url": f"{url}/status",
    })  # fmt: skip

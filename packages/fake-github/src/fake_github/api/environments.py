"""Environments: what a job may be bound to, and the branches that may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Invalid, NotFound
from fake_github.clock import now
from fake_github.deployments import PROTECTION, protection_rules
from fake_github.documents.accounts import node_id, simple_user, team
from fake_github.routing import Call, route
from fake_github.state import Organisation

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

POLICIES = "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies"


def _document(call: Call, repository: Repository, kept: Document) -> Document:
    name = kept["name"]
    return {
        **{key: value for key, value in kept.items() if key not in {"policies", *PROTECTION}},
        "node_id": node_id("Environment", kept["id"]),
        "url": call.url("repos", repository.full_name, "environments", name),
        "html_url": f"{call.hub.url}/{repository.full_name}/deployments/activity_log?environments_filter={name}",
        "protection_rules": [_rule(call, repository, kept, one) for one in protection_rules(kept)],
    }


def _rule(call: Call, repository: Repository, kept: Document, rule: Document) -> Document:
    shown = {**rule, "node_id": node_id("Rule", rule["id"])}
    if rule["type"] == "wait_timer":
        shown["wait_timer"] = kept["wait_timer"]
    elif rule["type"] == "required_reviewers":
        shown["prevent_self_review"] = kept["prevent_self_review"]
        shown["reviewers"] = [_reviewer(call, repository, one) for one in kept["reviewers"]]
    return shown


def _reviewer(call: Call, repository: Repository, named: Document) -> Document:
    """Return a reviewer by its ID.

    Raises:
        Invalid: There is no such user, or no such team in the repository's organisation.
    """
    kind, number, owner = named["type"], named["id"], repository.owner
    if kind == "User":
        users = call.hub.state.accounts.values()
        found = [simple_user(call.hub, one) for one in users if one.id == number and not isinstance(one, Organisation)]
    elif isinstance(owner, Organisation):
        found = [team(call.hub, owner, one) for one in owner.teams.values() if one.id == number]
    else:
        found = []
    if not found:
        raise Invalid("Environment", "reviewers", "invalid", f"could not find {kind.lower()} {number}")
    return {"type": kind, "reviewer": found[0]}


def _environment(call: Call, repository: Repository) -> Document:
    found = repository.environments.get(call.parameters["environment_name"])
    if found is None:
        raise NotFound
    return found


@route("GET /repos/{owner}/{repo}/environments")
def list_environments(call: Call, repository: Repository) -> Answer:
    """Return a repository's environments."""
    found = [_document(call, repository, one) for one in repository.environments.values()]
    return call.listing(found, "environments")


@route("GET /repos/{owner}/{repo}/environments/{environment_name}")
def get(call: Call, repository: Repository) -> Answer:
    """Return an environment."""
    return Answer(200, _document(call, repository, _environment(call, repository)))


@route("PUT /repos/{owner}/{repo}/environments/{environment_name}", role="admin")
def put(call: Call, repository: Repository) -> Answer:
    """Make an environment, or change it.

    Protection that the request does not name is removed. GitHub documents neither that nor the opposite; users of
    other clients report it: https://github.com/ministryofjustice/modernisation-platform/issues/4516.
    """
    name, moment = call.parameters["environment_name"], now()
    policy = call.body.get("deployment_branch_policy")
    if policy is not None and policy["protected_branches"] == policy["custom_branch_policies"]:
        message = "protected_branches and custom_branch_policies cannot have the same value"
        raise Invalid("Environment", "deployment_branch_policy", "custom", message)
    fresh = {"id": call.hub.state.next_id(), "name": name, "created_at": moment, "policies": []}
    protection = {key: call.body.get(key) or empty for key, empty in PROTECTION.items()}
    kept = repository.environments.get(name, fresh) | protection
    kept |= {"updated_at": moment, "deployment_branch_policy": policy}
    shown = _document(call, repository, kept)
    repository.environments[name] = kept
    return Answer(200, shown)


@route("DELETE /repos/{owner}/{repo}/environments/{environment_name}", role="admin")
def delete(call: Call, repository: Repository) -> Answer:
    """Remove an environment."""
    del repository.environments[_environment(call, repository)["name"]]
    return Answer(204)


@route(f"GET {POLICIES}")
def list_policies(call: Call, repository: Repository) -> Answer:
    """Return the branches that may use an environment."""
    return call.listing(_environment(call, repository)["policies"], "branch_policies")


@route(f"POST {POLICIES}", role="admin")
def create_policy(call: Call, repository: Repository) -> Answer:
    """Let a branch use an environment."""
    kept = _environment(call, repository)
    if not (kept["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise NotFound
    number = call.hub.state.next_id()
    policy = {"id": number, "node_id": node_id("Policy", number), "name": call.body["name"]}
    policy["type"] = call.body.get("type", "branch")
    kept["policies"].append(policy)
    return Answer(200, policy)


@route(f"DELETE {POLICIES}/{{branch_policy_id}}", role="admin")
def delete_policy(call: Call, repository: Repository) -> Answer:
    """Let a branch use an environment no more."""
    kept = _environment(call, repository)
    left = [one for one in kept["policies"] if str(one["id"]) != call.parameters["branch_policy_id"]]
    if len(left) == len(kept["policies"]):
        raise NotFound
    kept["policies"] = left
    return Answer(204)

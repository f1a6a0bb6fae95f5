"""What GitHub Actions may do in a repository, who may use its actions, and its variables."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden, NotFound, Refused
from fake_github.api.organisation_actions import check, limited, organisation_of
from fake_github.clock import now
from fake_github.id_tokens import subject
from fake_github.routing import Call, route
from fake_github.state import Organisation

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

DEFAULTS: dict[str, dict[str, object]] = {
    "permissions": {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False},
    "access": {"access_level": "none"},
    "workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    "selected-actions": {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []},
    "oidc": {"use_default": True, "use_immutable_subject": True},
    "forks": {
        "run_workflows_from_fork_pull_requests": False,
        "send_write_tokens_to_workflows": False,
        "send_secrets_and_variables": False,
        "require_approval_for_fork_pr_workflows": True,
    },
}


def _kept(repository: Repository, part: str) -> Document:
    """Return what is in force: an organisation's policy is above what its repositories say."""
    above = part in {"permissions", "selected-actions"} and isinstance(repository.owner, Organisation)
    own = repository.owner.actions if above and isinstance(repository.owner, Organisation) else {}
    return {**DEFAULTS[part], **repository.actions.get(part, {}), **own.get(part, {})}


@route("GET /repos/{owner}/{repo}/actions/permissions", role="admin")
def get_permissions(call: Call, repository: Repository) -> Answer:
    """Return whether actions run, and which."""
    document = _kept(repository, "permissions")
    if document["allowed_actions"] == "selected":
        document["selected_actions_url"] = call.url(
            "repos", repository.full_name, "actions/permissions/selected-actions"
        )
    return Answer(200, document)


@route("PUT /repos/{owner}/{repo}/actions/permissions", role="admin")
def set_permissions(call: Call, repository: Repository) -> Answer:
    """Set whether actions run, and which."""
    repository.actions["permissions"] = _kept(repository, "permissions") | call.body
    return Answer(204)


@route("POST /repos/{owner}/{repo}/actions/runners/registration-token", role="admin")
def register_runner(call: Call, repository: Repository) -> Answer:  # noqa: ARG001 - every route has a call
    """Return a token with which a runner registers for a repository."""
    return _registration()


@route("POST /orgs/{org}/actions/runners/registration-token", scopes=["admin:org"])
def register_organisation_runner(call: Call, organisation: Organisation) -> Answer:
    """Return a token with which a runner registers for an organisation; only its owners get one."""
    token = call.token
    if token is None or token.kind != "user" or organisation.members.get(token.account.login) != "admin":
        raise Forbidden("Must have admin rights to Organization.")
    return _registration()


def _registration() -> Answer:
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Answer(201, {"token": secrets.token_hex(14).upper(), "expires_at": expires})


@route("GET /repos/{owner}/{repo}/actions/permissions/selected-actions", role="admin")
def get_selected(call: Call, repository: Repository) -> Answer:  # noqa: ARG001 - every route has a call
    """Return which actions run, where only some do."""
    _refuse_unless_selected(repository)
    return Answer(200, _kept(repository, "selected-actions"))


@route("PUT /repos/{owner}/{repo}/actions/permissions/selected-actions", role="admin")
def set_selected(call: Call, repository: Repository) -> Answer:
    """Set which actions run, where only some do."""
    _refuse_unless_selected(repository)
    repository.actions["selected-actions"] = _kept(repository, "selected-actions") | call.body
    return Answer(204)


def _refuse_unless_selected(repository: Repository) -> None:
    if _kept(repository, "permissions")["allowed_actions"] != "selected":
        raise Refused(409, "Conflict")


@route("GET /repos/{owner}/{repo}/actions/permissions/access", role="admin")
def get_access(call: Call, repository: Repository) -> Answer:  # noqa: ARG001
    """Return which other repositories may use a private repository's actions."""
    _refuse_public(repository)
    return Answer(200, _kept(repository, "access"))


@route("PUT /repos/{owner}/{repo}/actions/permissions/access", role="admin")
def set_access(call: Call, repository: Repository) -> Answer:
    """Set which other repositories may use a private repository's actions."""
    _refuse_public(repository)
    repository.actions["access"] = call.body
    return Answer(204)


def _refuse_public(repository: Repository) -> None:
    if not repository.private:
        raise Refused(422, "Access policy only applies to internal and private repositories.")


@route("GET /repos/{owner}/{repo}/actions/permissions/workflow", role="admin")
def get_workflow_permissions(call: Call, repository: Repository) -> Answer:
    """Return what a run's token may do where its workflow does not say."""
    return Answer(200, limited(organisation_of(call, repository), "workflow", _kept(repository, "workflow")))


@route("PUT /repos/{owner}/{repo}/actions/permissions/workflow", role="admin")
def set_workflow_permissions(call: Call, repository: Repository) -> Answer:
    """Set what a run's token may do where its workflow does not say."""
    check(organisation_of(call, repository), "workflow", call.body)
    repository.actions["workflow"] = _kept(repository, "workflow") | call.body
    return Answer(204)


@route("GET /repos/{owner}/{repo}/actions/oidc/customization/sub", role="pull")
def get_subject(call: Call, repository: Repository) -> Answer:  # noqa: ARG001
    """Return how the subject of a run's OIDC token is made.

    New repositories have immutable subjects:
    https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/.
    """
    return Answer(200, {**_kept(repository, "oidc"), "sub_claim_prefix": subject(repository, {}).partition(":ref:")[0]})


@route("PUT /repos/{owner}/{repo}/actions/oidc/customization/sub", role="admin")
def set_subject(call: Call, repository: Repository) -> Answer:
    """Set how the subject of a run's OIDC token is made."""
    repository.actions["oidc"] = repository.actions.get("oidc", {}) | call.body
    return Answer(201, {})


FORKS = "/repos/{owner}/{repo}/actions/permissions/fork-pr-workflows-private-repos"


@route(f"GET {FORKS}", role="admin")
def get_forks(call: Call, repository: Repository) -> Answer:
    """Return what the workflows of pull requests from forks of a private repository can do."""
    _refuse_public(repository)
    return Answer(200, limited(organisation_of(call, repository), "forks", _kept(repository, "forks")))


@route(f"PUT {FORKS}", role="admin")
def set_forks(call: Call, repository: Repository) -> Answer:
    """Set what the workflows of pull requests from forks of a private repository can do."""
    _refuse_public(repository)
    check(organisation_of(call, repository), "forks", call.body)
    repository.actions["forks"] = _kept(repository, "forks") | call.body
    return Answer(204)


@route("GET /repos/{owner}/{repo}/actions/variables", role="push")
def list_variables(call: Call, repository: Repository) -> Answer:
    """Return a repository's variables."""
    return call.listing(list(repository.variables.values()), "variables")


@route("POST /repos/{owner}/{repo}/actions/variables", role="push")
def create_variable(call: Call, repository: Repository) -> Answer:
    """Make a variable."""
    name = call.body["name"].upper()
    if name in repository.variables:
        raise Refused(409, "Already exists - Variable already exists")
    moment = now()
    repository.variables[name] = {
        "name": name, "value": call.body["value"], "created_at": moment, "updated_at": moment
    }  # fmt: skip
    return Answer(201, {})


@route("GET /repos/{owner}/{repo}/actions/variables/{name}", role="push")
def get_variable(call: Call, repository: Repository) -> Answer:
    """Return a variable."""
    return Answer(200, _variable(call, repository))


@route("PATCH /repos/{owner}/{repo}/actions/variables/{name}", role="push")
def update_variable(call: Call, repository: Repository) -> Answer:
    """Change a variable."""
    _variable(call, repository).update(value=call.body["value"], updated_at=now())
    return Answer(204)


@route("DELETE /repos/{owner}/{repo}/actions/variables/{name}", role="push")
def delete_variable(call: Call, repository: Repository) -> Answer:
    """Remove a variable."""
    del repository.variables[_variable(call, repository)["name"]]
    return Answer(204)


def _variable(call: Call, repository: Repository) -> Document:
    found = repository.variables.get(call.parameters["name"].upper())
    if found is None:
        raise NotFound
    return found

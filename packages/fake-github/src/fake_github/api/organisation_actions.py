"""What GitHub Actions may do in all repositories of an organisation: what it forbids, no repository can allow.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/enabling-features-for-your-repository/managing-github-actions-settings-for-a-repository
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden, Refused
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Document, Organisation, Repository

# An organisation that allows everything, as those from before 2023 do.
DEFAULTS: dict[str, dict[str, object]] = {
    "workflow": {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True},
    "forks": {
        "run_workflows_from_fork_pull_requests": True,
        "send_write_tokens_to_workflows": True,
        "send_secrets_and_variables": True,
        "require_approval_for_fork_pr_workflows": False,
    },
}
# Value of the organisation: what it forbids repositories to have.
FORBIDDEN: dict[str, tuple[object, object]] = {
    "default_workflow_permissions": ("read", "write"),
    "can_approve_pull_request_reviews": (False, True),
    "run_workflows_from_fork_pull_requests": (False, True),
    "send_write_tokens_to_workflows": (False, True),
    "send_secrets_and_variables": (False, True),
    "require_approval_for_fork_pr_workflows": (True, False),
}
SCOPES = ("admin:org",)


def kept(organisation: Organisation, part: str) -> Document:
    """Return a part of an organisation's settings of Actions: `workflow` or `forks`."""
    return {**DEFAULTS[part], **organisation.actions.get(part, {})}


def limited(organisation: Organisation | None, part: str, document: Document) -> Document:
    """Return a repository's settings as its organisation lets them be."""
    if organisation is None:
        return document
    above = kept(organisation, part)
    return {name: above[name] if _forbids(above, name, value) else value for name, value in document.items()}


def check(organisation: Organisation | None, part: str, body: Document) -> None:
    """Refuse what the organisation forbids.

    Raises:
        Refused: As the description of the operations says: 409, "prevented by the owning organization".
    """
    if organisation is not None and limited(organisation, part, body) != body:
        raise Refused(409, "Conflict: the setting is prevented by the owning organization.")


def _forbids(above: Document, name: str, value: object) -> bool:
    return name in FORBIDDEN and (above[name], value) == FORBIDDEN[name]


def organisation_of(call: Call, repository: Repository) -> Organisation | None:
    """Return the organisation that owns a repository."""
    return call.hub.state.organisation(repository.owner.login)


def _require_owner(call: Call, organisation: Organisation, level: str) -> None:
    """Refuse everyone but owners, and installations that may administer the organisation."""
    token = call.caller
    if token.kind == "user" and organisation.members.get(token.account.login) == "admin":
        return
    if token.permissions.get("organization_administration") in {level, "write"}:
        return
    raise Forbidden("Must have admin rights to Organization.")


@route("GET /orgs/{org}/actions/permissions/workflow", scopes=SCOPES)
def get_workflow(call: Call, organisation: Organisation) -> Answer:
    """Return what runs' tokens may do at most by default."""
    _require_owner(call, organisation, "read")
    return Answer(200, kept(organisation, "workflow"))


@route("PUT /orgs/{org}/actions/permissions/workflow", scopes=SCOPES)
def set_workflow(call: Call, organisation: Organisation) -> Answer:
    """Set what runs' tokens may do at most by default."""
    _require_owner(call, organisation, "write")
    organisation.actions["workflow"] = kept(organisation, "workflow") | call.body
    return Answer(204)


FORKS = "/orgs/{org}/actions/permissions/fork-pr-workflows-private-repos"


@route(f"GET {FORKS}", scopes=SCOPES)
def get_forks(call: Call, organisation: Organisation) -> Answer:
    """Return what workflows of pull requests from forks of private repositories can do at most."""
    _require_owner(call, organisation, "read")
    return Answer(200, kept(organisation, "forks"))


@route(f"PUT {FORKS}", scopes=SCOPES)
def set_forks(call: Call, organisation: Organisation) -> Answer:
    """Set what workflows of pull requests from forks of private repositories can do at most."""
    _require_owner(call, organisation, "write")
    organisation.actions["forks"] = kept(organisation, "forks") | call.body
    return Answer(204)

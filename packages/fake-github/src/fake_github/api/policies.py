"""What an organisation decides for all its repositories, and the apps that it has installed; for its owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden, Refused
from fake_github.api.actions import DEFAULTS
from fake_github.api.apps import installation
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Document, Organisation

PERMISSIONS = "/orgs/{org}/actions/permissions"


def _check_owner(call: Call, organisation: Organisation) -> None:
    """Refuse everyone but owners, as https://docs.github.com/en/rest/actions/permissions says."""
    token = call.token
    if token is None or token.kind != "user" or organisation.members.get(token.account.login) != "admin":
        raise Forbidden("Must have admin rights to Organization.")


def _policy(organisation: Organisation, part: str) -> Document:
    return {**DEFAULTS[part], **organisation.actions.get(part, {})}


@route(f"GET {PERMISSIONS}", scopes=["admin:org"])
def get_permissions(call: Call, organisation: Organisation) -> Answer:
    """Return whether actions run in the organisation, and which."""
    _check_owner(call, organisation)
    found = _policy(organisation, "permissions")
    enabled = "all" if found.pop("enabled") else "none"
    return Answer(200, {"enabled_repositories": enabled, **found})


@route(f"GET {PERMISSIONS}/selected-actions", scopes=["admin:org"])
def get_selected(call: Call, organisation: Organisation) -> Answer:
    """Return which actions run, where only some do."""
    _check_owner(call, organisation)
    if _policy(organisation, "permissions")["allowed_actions"] != "selected":
        raise Refused(409, "Conflict")
    return Answer(200, _policy(organisation, "selected-actions"))


@route("GET /orgs/{org}/installations", scopes=["admin:read", "admin:org"])
def list_installations(call: Call, organisation: Organisation) -> Answer:
    """Return the apps that the organisation has installed."""
    _check_owner(call, organisation)
    found = [installation(call, app) for app in call.hub.apps.values() if app.organisation is organisation]
    return call.listing(found, "installations")

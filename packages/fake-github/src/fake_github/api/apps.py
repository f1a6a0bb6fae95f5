"""GitHub Apps: where one is installed, and the tokens of its installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fake_github.answers import Answer, Invalid, NotFound, Refused
from fake_github.documents.accounts import simple_user
from fake_github.documents.repositories import repository as repository_document
from fake_github.permissions import LEVELS
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.records import App
    from fake_github.state import Document, Repository


def _app(call: Call) -> App:
    token = call.caller
    if token.kind != "app":
        raise Refused(401, "A JSON web token could not be decoded")
    return next(app for app in call.hub.apps.values() if app.account is token.account)


@route("GET /repos/{owner}/{repo}/installation")
def get_installation(call: Call, repository: Repository) -> Answer:
    """Return the app's installation that reaches a repository."""
    app = _app(call)
    if repository.owner is not app.organisation:
        raise NotFound
    return Answer(200, installation(call, app))


def installation(call: Call, app: App) -> Document:
    """Return an app's installation."""
    page = f"{call.hub.url}/organizations/{app.organisation.login}/settings/installations/{app.installation}"
    return {
        "id": app.installation,
        "account": simple_user(call.hub, app.organisation),
        "repository_selection": "all",
        "access_tokens_url": call.url("app/installations", app.installation, "access_tokens"),
        "repositories_url": call.url("installation/repositories"),
        "html_url": page,
        "app_id": app.id,
        "client_id": app.client_id,
        "app_slug": app.slug,
        "target_id": app.organisation.id,
        "target_type": "Organization",
        "permissions": app.permissions,
        "events": [],
        "created_at": app.account.created_at,
        "updated_at": app.account.created_at,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
    }  # fmt: skip


@route("POST /app/installations/{installation_id}/access_tokens")
def create_token(call: Call) -> Answer:
    """Make a token of an installation, with no more than the app may."""
    app = _app(call)
    if call.parameters["installation_id"] != str(app.installation):
        raise NotFound
    wanted = call.body.get("permissions") or app.permissions
    for name, level in wanted.items():
        if name not in app.permissions or LEVELS.index(level) > LEVELS.index(app.permissions[name]):
            message = "The permissions requested are not granted to this installation."
            raise Invalid("Installation", "permissions", "custom", message, message)
    selected = _selected(call, app)
    limits = {"kind": "installation", "repository": selected and selected.full_name, "permissions": dict(wanted)}
    token = call.hub.state.issue(app.account, "ghs", app={"id": app.id, "slug": app.slug}, **limits)
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"token": token.value, "expires_at": expires, "permissions": wanted, "repository_selection": "all"}
    if selected is not None:
        document |= {"repository_selection": "selected", "repositories": [repository_document(call.hub, selected)]}
    return Answer(201, document)


def _selected(call: Call, app: App) -> Repository | None:
    """Return the only repository that a token is for, by its name or its id; None if it is for all of them.

    Raises:
        Refused: There is no such repository, or there are several.
    """
    names, numbers = call.body.get("repositories") or [], call.body.get("repository_ids") or []
    if len(names) + len(numbers) > 1:
        raise Refused(422, "The fake GitHub gives tokens for one repository, or for all.")
    everything = [one for one in call.hub.state.repositories.values() if one.owner is app.organisation]
    for one in everything:
        if one.name in names or one.id in numbers:
            return one
    if names or numbers:
        raise Refused(422, "There is at least one repository that does not exist or is not accessible.")
    return None

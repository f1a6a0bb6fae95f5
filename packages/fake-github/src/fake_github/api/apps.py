"""GitHub Apps: where one is installed, and the tokens of its installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fake_github.answers import Answer, Invalid, NotFound, Refused
from fake_github.documents.accounts import simple_user
from fake_github.routing import LEVELS, Call, route

if TYPE_CHECKING:
    from fake_github.apps import App
    from fake_github.state import Repository


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
    page = f"{call.hub.url}/organizations/{app.organisation.login}/settings/installations/{app.installation}"
    return Answer(200, {
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
    })  # fmt: skip


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
    names = call.body.get("repositories") or []
    if len(names) > 1:
        raise Refused(422, "The fake GitHub gives tokens for one repository, or for all.")
    repository = f"{app.organisation.login}/{names[0]}" if names else None
    if repository is not None and call.hub.state.repository(repository) is None:
        raise Refused(422, "There is at least one repository that does not exist or is not accessible.")
    limits = {"kind": "installation", "repository": repository, "permissions": dict(wanted)}
    token = call.hub.state.issue(app.account, "ghs", app={"id": app.id, "slug": app.slug}, **limits)
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    selection = "selected" if names else "all"
    document = {"token": token.value, "expires_at": expires, "permissions": wanted, "repository_selection": selection}
    return Answer(201, document)

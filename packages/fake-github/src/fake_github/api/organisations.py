"""Organisations: their members, their teams, and what teams may do in which repository."""

from __future__ import annotations

from fake_github.answers import Answer, Forbidden, Invalid, NotFound
from fake_github.documents.accounts import full_organisation, full_team, membership, simple_user, team
from fake_github.documents.repositories import full_repository, permissions
from fake_github.routing import Call, route, scoped
from fake_github.state import ROLES, Organisation, Repository, Role, Team

READ = ["read:org", "repo"]
WRITE = ["admin:org", "repo"]


@route("GET /orgs/{org}")
def get(call: Call, organisation: Organisation) -> Answer:
    """Return an organisation."""
    token = call.token
    owns = token is not None and organisation.members.get(token.account.login) == "admin"
    return Answer(
        200, full_organisation(call.hub, organisation, owner=owns and scoped(token, frozenset({"admin:org"})))
    )


@route("GET /user/memberships/orgs/{org}", scopes=["read:org"])
def get_own_membership(call: Call, organisation: Organisation) -> Answer:
    """Return what the caller is in an organisation."""
    return _membership(call, organisation, call.caller.account.login)


@route("GET /orgs/{org}/memberships/{username}", scopes=["read:org"])
def get_membership(call: Call, organisation: Organisation) -> Answer:
    """Return a user's membership of an organisation; only members may ask."""
    if call.caller.account.login not in organisation.members:
        raise Forbidden("You must be a member of this organization to see membership information for an user.")
    return _membership(call, organisation, call.parameters["username"])


def _membership(call: Call, organisation: Organisation, login: str) -> Answer:
    account = call.hub.state.account(login)
    if account is None or account.login not in organisation.members:
        raise NotFound
    return Answer(200, membership(call.hub, organisation, account))


@route("GET /orgs/{org}/teams", scopes=READ)
def list_teams(call: Call, organisation: Organisation) -> Answer:
    """Return the teams of an organisation."""
    return call.listing([team(call.hub, organisation, one) for one in organisation.teams.values()])


@route("GET /orgs/{org}/teams/{team_slug}", scopes=READ)
def get_team(call: Call, organisation: Organisation) -> Answer:
    """Return a team."""
    return Answer(200, full_team(call.hub, organisation, _team(call, organisation)))


@route("GET /orgs/{org}/teams/{team_slug}/members", scopes=READ)
def list_team_members(call: Call, organisation: Organisation) -> Answer:
    """Return who is in a team."""
    state = call.hub.state
    people = [state.account(login) for login in sorted(_team(call, organisation).members)]
    return call.listing([simple_user(call.hub, account) for account in people if account is not None])


def _team(call: Call, organisation: Organisation) -> Team:
    found = organisation.teams.get(call.parameters["team_slug"])
    token = call.caller
    if found is None or (token.kind == "user" and token.account.login not in organisation.members):
        raise NotFound
    return found


def _reached(call: Call) -> Repository:
    found = call.hub.state.repository(f"{call.parameters['owner']}/{call.parameters['repo']}")
    if found is None:
        raise NotFound
    if call.route.method == "GET" and found.hidden_reads > 0:
        found.hidden_reads -= 1
        raise NotFound
    return found


@route("GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", scopes=READ)
def get_team_repository(call: Call, organisation: Organisation) -> Answer:
    """Return a repository with what a team may do there; a bare yes unless the media type asks for more."""
    one, repository = _team(call, organisation), _reached(call)
    role = one.repositories.get(repository.full_name)
    if role is None:
        raise NotFound
    if "repository+json" not in call.accept:
        return Answer(204)
    document = full_repository(call.hub, repository, call.caller.account)
    return Answer(200, {**document, "permissions": permissions(role), "role_name": ROLE_NAMES[role]})


ROLE_NAMES: dict[Role, str] = {
    "pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"
}  # fmt: skip


@route("PUT /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", scopes=WRITE)
def set_team_repository(call: Call, organisation: Organisation) -> Answer:
    """Give a team a permission in a repository."""
    one, repository = _team(call, organisation), _reached(call)
    _administers(call, repository)
    permission = call.body.get("permission", "push")
    if permission not in ROLES:
        raise Invalid("TeamMember", "permission", "invalid")
    if repository.owner is not organisation:
        raise Invalid("TeamMember", "repository", "custom", "Repository must belong to the organization.")
    one.repositories[repository.full_name] = permission
    return Answer(204)


@route("DELETE /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", scopes=WRITE)
def remove_team_repository(call: Call, organisation: Organisation) -> Answer:
    """Take a repository away from a team."""
    one, repository = _team(call, organisation), _reached(call)
    _administers(call, repository)
    one.repositories.pop(repository.full_name, None)
    return Answer(204)


def _administers(call: Call, repository: Repository) -> None:
    token = call.caller
    if token.kind == "user" and call.hub.state.role(token.account, repository) != "admin":
        raise Forbidden("Must have admin rights to Repository.")


@route("GET /repos/{owner}/{repo}/teams", role="admin")
def list_repository_teams(call: Call, repository: Repository) -> Answer:
    """Return the teams that reach a repository, each with what it may there."""
    organisation = call.hub.state.organisation(repository.owner.login)
    if organisation is None:
        raise NotFound
    found = []
    for one in organisation.teams.values():
        role = one.repositories.get(repository.full_name)
        if role is not None:
            document = team(call.hub, organisation, one)
            found.append({**document, "permission": role, "permissions": permissions(role)})
    return call.listing(found)


@route("GET /repos/{owner}/{repo}/collaborators", role="push")
def list_collaborators(call: Call, repository: Repository) -> Answer:
    """Return everybody who reaches a repository by more than its being public."""
    state, direct = call.hub.state, call.query.get("affiliation") == "direct"
    found = []
    for account in state.accounts.values():
        role = repository.collaborators.get(account.login) if direct else state.role(account, repository)
        if account.kind == "User" and role is not None:
            named = {"permissions": permissions(role), "role_name": ROLE_NAMES[role]}
            found.append({**simple_user(call.hub, account), **named})
    return call.listing(found)


@route("GET /repos/{owner}/{repo}/collaborators/{username}/permission")
def get_collaborator_permission(call: Call, repository: Repository) -> Answer:
    """Return a user's permission in a repository."""
    account = call.hub.state.account(call.parameters["username"])
    if account is None:
        raise NotFound
    role = call.hub.state.role(account, repository)
    name = "none" if role is None else ROLE_NAMES[role]
    user = {**simple_user(call.hub, account), "permissions": permissions(role), "role_name": name}
    legacy = {"maintain": "write", "triage": "read"}.get(name, name)
    return Answer(200, {"permission": legacy, "role_name": name, "user": user})

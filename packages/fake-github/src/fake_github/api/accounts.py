"""The caller, other accounts, and the rate limit."""

from __future__ import annotations

from fake_github.answers import Answer, Forbidden, NotFound
from fake_github.documents.accounts import private_user, public_user, simple_organisation
from fake_github.routing import Call, route
from fake_github.state import Organisation

ROOT = {
    "authorizations": "authorizations",
    "code_search": "search/code?q={query}{&page,per_page,sort,order}",
    "commit_search": "search/commits?q={query}{&page,per_page,sort,order}",
    "current_user": "user",
    "current_user_authorizations_html": "settings/connections/applications{/client_id}",
    "current_user_repositories": "user/repos{?type,page,per_page,sort}",
    "emails": "user/emails",
    "emojis": "emojis",
    "events": "events",
    "feeds": "feeds",
    "followers": "user/followers",
    "following": "user/following{/target}",
    "gists": "gists{/gist_id}",
    "issue_search": "search/issues?q={query}{&page,per_page,sort,order}",
    "issues": "issues",
    "keys": "user/keys",
    "label_search": "search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications": "notifications",
    "organization": "orgs/{org}",
    "organization_repositories": "orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams": "orgs/{org}/teams",
    "public_gists": "gists/public",
    "rate_limit": "rate_limit",
    "repository": "repos/{owner}/{repo}",
    "repository_search": "search/repositories?q={query}{&page,per_page,sort,order}",
    "starred": "user/starred{/owner}{/repo}",
    "starred_gists": "gists/starred",
    "user": "users/{user}",
    "user_organizations": "user/orgs",
    "user_repositories": "users/{user}/repos{?type,page,per_page,sort}",
    "user_search": "search/users?q={query}{&page,per_page,sort,order}",
}


@route("GET /")
def get_root(call: Call) -> Answer:
    """Return where things are; clients ask it which scopes their token has."""
    return Answer(200, {f"{name}_url": call.url(place) for name, place in ROOT.items()})


@route("GET /user")
def get_authenticated(call: Call) -> Answer:
    """Return who is asking, if that is a user."""
    if call.caller.kind != "user":
        raise Forbidden("Resource not accessible by integration")
    return Answer(200, private_user(call.hub, call.caller.account))


@route("GET /users/{username}")
def get_user(call: Call) -> Answer:
    """Return a user, or an organisation under that name."""
    account = call.hub.state.account(call.parameters["username"])
    if account is None:
        raise NotFound
    return Answer(200, public_user(call.hub, account))


@route("GET /user/orgs", scopes=["read:org", "user"])
def list_own_organisations(call: Call) -> Answer:
    """Return the organisations that the caller is in."""
    login = call.caller.account.login
    found = [one for one in call.hub.state.accounts.values() if isinstance(one, Organisation)]
    return call.listing([simple_organisation(call.hub, one) for one in found if login in one.members])


@route("GET /rate_limit")
def get_rate_limit(call: Call) -> Answer:
    """Return how many requests are left; asking does not count."""
    core, graphql = (call.hub.limits.state(call.token, resource) for resource in ("core", "graphql"))
    return Answer(200, {"resources": {"core": core, "search": core, "graphql": graphql}, "rate": core})


@route("GET /meta")
def get_meta(call: Call) -> Answer:  # noqa: ARG001 - every route has a call
    """Return what GitHub says of itself."""
    return Answer(200, {"verifiable_password_authentication": False})

"""Which permissions an operation needs from a token of an app, of a workflow run, or from a fine-grained token.

The facts are those of the table that GitHub's documentation is generated from, `server-to-server-permissions.json` of
version 2026-03-10 of the API, as of November 2026, reduced to the operations that are served here:
https://github.com/github/docs/tree/main/src/github-apps/data. A fine-grained token needs the same permissions, of those
that its user has. A test compares the table with the older one of npm's `@octokit/app-permissions`.

An operation that several permissions list needs one of them, unless the documentation says that it needs all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Forbidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fake_github.state import Token

ACCEPTED = "X-Accepted-GitHub-Permissions"
LEVELS = ("read", "write", "admin")
Needed = frozenset[str]  # all of them, each as `contents:write`

ACTIONS = "/repos/{owner}/{repo}/actions"
BRANCH = "/repos/{owner}/{repo}/branches/{branch}"
COMMIT = "/repos/{owner}/{repo}/commits/{ref}"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
ENVIRONMENTS = "/repos/{owner}/{repo}/environments"
ENVIRONMENT = f"{ENVIRONMENTS}/{{environment_name}}"
GIT = "/repos/{owner}/{repo}/git"
PULLS = "/repos/{owner}/{repo}/pulls"
PULL = f"{PULLS}/{{pull_number}}"
RELEASES = "/repos/{owner}/{repo}/releases"
TEAM = "/orgs/{org}/teams/{team_slug}"
REPO = "/repos/{owner}/{repo}"

TABLE: dict[str, tuple[str, ...]] = {
    "actions:read": (
        f"GET {ACTIONS}/runs",
        f"GET {ACTIONS}/runs/{{run_id}}",
        f"GET {ACTIONS}/workflows",
        f"GET {ACTIONS}/workflows/{{workflow_id}}",
        f"GET {ACTIONS}/oidc/customization/sub",
        f"GET {ENVIRONMENTS}",
        f"GET {ENVIRONMENT}",
        f"GET {ENVIRONMENT}/deployment-branch-policies",
    ),
    "actions:write": (f"PUT {ACTIONS}/oidc/customization/sub",),
    "actions_variables:read": (f"GET {ACTIONS}/variables", f"GET {ACTIONS}/variables/{{name}}"),
    "actions_variables:write": (
        f"POST {ACTIONS}/variables",
        f"PATCH {ACTIONS}/variables/{{name}}",
        f"DELETE {ACTIONS}/variables/{{name}}",
    ),
    "administration:read": (
        f"GET {ACTIONS}/permissions",
        f"GET {ACTIONS}/permissions/access",
        f"GET {ACTIONS}/permissions/fork-pr-workflows-private-repos",
        f"GET {ACTIONS}/permissions/selected-actions",
        f"GET {ACTIONS}/permissions/workflow",
        f"GET {BRANCH}/protection",
        f"GET {REPO}/teams",
    ),
    "administration:write": (
        "POST /orgs/{org}/repos",
        "POST /user/repos",
        f"PATCH {REPO}",
        f"DELETE {REPO}",
        f"PUT {ACTIONS}/permissions",
        f"PUT {ACTIONS}/permissions/access",
        f"PUT {ACTIONS}/permissions/fork-pr-workflows-private-repos",
        f"PUT {ACTIONS}/permissions/selected-actions",
        f"PUT {ACTIONS}/permissions/workflow",
        f"POST {ACTIONS}/runners/registration-token",
        f"PUT {BRANCH}/protection",
        f"DELETE {BRANCH}/protection",
        f"PUT {ENVIRONMENT}",
        f"DELETE {ENVIRONMENT}",
        f"POST {ENVIRONMENT}/deployment-branch-policies",
        f"DELETE {ENVIRONMENT}/deployment-branch-policies/{{branch_policy_id}}",
        f"POST {REPO}/rulesets",
        f"PUT {REPO}/rulesets/{{ruleset_id}}",
        f"DELETE {REPO}/rulesets/{{ruleset_id}}",
        f"PUT {REPO}/topics",
    ),
    "organization_administration:read": (
        "GET /orgs/{org}/actions/permissions",
        "GET /orgs/{org}/actions/permissions/fork-pr-workflows-private-repos",
        "GET /orgs/{org}/actions/permissions/selected-actions",
        "GET /orgs/{org}/actions/permissions/workflow",
        "GET /orgs/{org}/installations",
    ),
    "organization_administration:write": (
        "PUT /orgs/{org}/actions/permissions/fork-pr-workflows-private-repos",
        "PUT /orgs/{org}/actions/permissions/workflow",
    ),
    "attestations:read": (f"GET {REPO}/attestations/{{subject_digest}}",),
    "attestations:write": (f"POST {REPO}/attestations",),
    "checks:read": (f"GET {REPO}/check-runs/{{check_run_id}}", f"GET {COMMIT}/check-runs"),
    "checks:write": (f"POST {REPO}/check-runs", f"PATCH {REPO}/check-runs/{{check_run_id}}"),
    "contents:read": (
        f"GET {REPO}/branches",
        f"GET {BRANCH}",
        f"GET {REPO}/commits",
        f"GET {COMMIT}",
        f"GET {REPO}/compare/{{basehead}}",
        f"GET {REPO}/contents/{{path}}",
        f"GET {GIT}/blobs/{{file_sha}}",
        f"GET {GIT}/commits/{{commit_sha}}",
        f"GET {GIT}/matching-refs/{{ref}}",
        f"GET {GIT}/ref/{{ref}}",
        f"GET {GIT}/tags/{{tag_sha}}",
        f"GET {PULL}",
        f"GET {REPO}/readme",
        f"GET {RELEASES}",
        f"GET {RELEASES}/latest",
        f"GET {RELEASES}/tags/{{tag}}",
        f"GET {RELEASES}/{{release_id}}",
    ),
    "contents:write": (
        f"POST {GIT}/refs",
        f"PATCH {GIT}/refs/{{ref}}",
        f"DELETE {GIT}/refs/{{ref}}",
        f"POST {GIT}/tags",
        f"PUT {PULL}/merge",
        f"POST {RELEASES}",
        f"PATCH {RELEASES}/{{release_id}}",
        f"DELETE {RELEASES}/{{release_id}}",
    ),
    "issues:read": (f"GET {REPO}/issues", f"GET {REPO}/issues/{{issue_number}}/comments", f"GET {COMMENT}"),
    "issues:write": (
        f"POST {REPO}/issues",
        f"PATCH {REPO}/issues/{{issue_number}}",
        f"POST {REPO}/issues/{{issue_number}}/comments",
        f"PATCH {COMMENT}",
        f"DELETE {COMMENT}",
    ),
    "members:read": (
        "GET /user/memberships/orgs/{org}",
        "GET /orgs/{org}/memberships/{username}",
        "GET /orgs/{org}/teams",
        f"GET {TEAM}",
        f"GET {TEAM}/members",
    ),
    "organization_self_hosted_runners:write": ("POST /orgs/{org}/actions/runners/registration-token",),
    "pull_requests:read": (
        f"GET {REPO}/commits/{{commit_sha}}/pulls",
        f"GET {REPO}/issues/{{issue_number}}/comments",
        f"GET {COMMENT}",
        f"GET {PULLS}",
        f"GET {PULL}",
        f"GET {PULL}/commits",
        f"GET {PULL}/files",
        f"GET {PULL}/merge",
    ),
    "pull_requests:write": (
        f"PATCH {REPO}/issues/{{issue_number}}",
        f"POST {REPO}/issues/{{issue_number}}/comments",
        f"PATCH {COMMENT}",
        f"DELETE {COMMENT}",
        f"POST {PULLS}",
        f"PATCH {PULL}",
        f"PUT {PULL}/update-branch",
    ),
    "statuses:read": (f"GET {COMMIT}/status", f"GET {COMMIT}/statuses"),
    "statuses:write": (f"POST {REPO}/statuses/{{sha}}",),
}

# Operations that need several permissions together.
ALL_OF: dict[str, Needed] = {
    f"POST {REPO}/forks": frozenset({"administration:write", "contents:read"}),
    # GitHub's table has both, and its page says that the default branch needs both; here every branch does.
    f"POST {BRANCH}/rename": frozenset({"administration:write", "contents:write"}),
    f"GET {TEAM}/repos/{{owner}}/{{repo}}": frozenset({"members:read", "metadata:read"}),
    f"PUT {TEAM}/repos/{{owner}}/{{repo}}": frozenset({"members:read", "administration:write"}),
    f"DELETE {TEAM}/repos/{{owner}}/{{repo}}": frozenset({"members:read", "administration:write"}),
}
# Operations that no token of an installation or a run can call: it acts for no user, or is not the app itself.
NOT_INSTALLATIONS = {
    "GET /user",
    "GET /user/orgs",
    "GET /user/repos",
    "GET /user/memberships/orgs/{org}",
    "POST /user/repos",
    f"GET {REPO}/installation",
    "POST /app/installations/{installation_id}/access_tokens",
}
METADATA: tuple[Needed, ...] = (frozenset({"metadata:read"}),)  # which every token has


def alternatives(operation: str) -> tuple[Needed, ...]:
    """Return the sets of permissions of which an operation needs one, given as in `GET /user`."""
    if operation in ALL_OF:
        return (ALL_OF[operation],)
    return tuple(frozenset({need}) for need, operations in TABLE.items() if operation in operations) or METADATA


def missing(held: Mapping[str, str], operation: str, *, public: bool = False) -> tuple[Needed, ...]:
    """Return the alternatives of which a token has none, or nothing if it can call an operation.

    Args:
        held: What the token has, as in `{"contents": "write"}`.
        operation: As in `POST /repos/{owner}/{repo}/releases`.
        public: Whether it is about a public repository, which anyone can read.
    """
    wanted = alternatives(operation)
    if any(all(_has(held, need, public=public) for need in needed) for needed in wanted):
        return ()
    return wanted


def _has(held: Mapping[str, str], need: str, *, public: bool) -> bool:
    resource, _, level = need.partition(":")
    if resource == "metadata" or (public and level == "read" and resource not in {"administration", "members"}):
        return True
    return resource in held and LEVELS.index(held[resource]) >= LEVELS.index(level)


def accepted(wanted: Iterable[Needed]) -> str:
    """Return alternatives as GitHub has them in a header."""
    return "; ".join(",".join(sorted(need.replace(":", "=") for need in needed)) for needed in wanted)


def check(token: Token, operation: str, *, public: bool = False) -> None:
    """Refuse a token without scopes that lacks the permissions of an operation.

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible

    Raises:
        Forbidden: With the permissions that would do in a header.
    """
    if token.kind == "app":
        return  # the web token of an app: the few operations that it is for check it themselves
    bot = token.kind in {"installation", "workflow"}
    message = f"Resource not accessible by {'integration' if bot else 'personal access token'}"
    if bot and operation in NOT_INSTALLATIONS:
        raise Forbidden(message)
    if wanted := missing(token.permissions, operation, public=public):
        raise Forbidden(message, {ACCEPTED: accepted(wanted)})


def can_write_workflows(token: Token) -> bool:
    """Return whether a token can add and change workflow files; a run's own token never can."""
    if token.has_scopes:
        return "workflow" in token.scopes
    return token.permissions.get("workflows") == "write"

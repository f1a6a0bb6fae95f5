"""Branches and their classic protection, which rulesets have followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github.answers import Answer, Forbidden, Invalid, Refused
from fake_github.api.rulesets import plan_allows
from fake_github.documents.commits import commit
from fake_github.pushes import rename_branch
from fake_github.routing import Call, route
from fake_github.rules import rules_for

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

BRANCH = "/repos/{owner}/{repo}/branches/{branch}"
SWITCHES = (
    "required_linear_history",
    "allow_force_pushes",
    "allow_deletions",
    "block_creations",
    "required_conversation_resolution",
    "lock_branch",
    "allow_fork_syncing",
)


def _sha(repository: Repository, branch: str) -> str:
    sha = bare.refs(repository.folder).get(f"refs/heads/{branch}")
    if sha is None:
        raise Refused(404, "Branch not found")
    return sha


def _protected(repository: Repository, branch: str) -> bool:
    return bool(rules_for(repository, f"refs/heads/{branch}"))


@route("GET /repos/{owner}/{repo}/branches")
def list_branches(call: Call, repository: Repository) -> Answer:
    """Return the branches, in the order of the alphabet."""
    found = []
    for name, sha in bare.refs(repository.folder).items():
        if name.startswith("refs/heads/"):
            short = name.removeprefix("refs/heads/")
            url = call.url("repos", repository.full_name, "commits", sha)
            found.append(
                {"name": short, "commit": {"sha": sha, "url": url}, "protected": _protected(repository, short)}
            )
    wanted = call.query.get("protected")
    return call.listing([one for one in found if wanted is None or one["protected"] == (wanted == "true")])


@route(f"GET {BRANCH}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a branch."""
    return Answer(200, _branch(call, repository, call.parameters["branch"]))


@route(f"POST {BRANCH}/rename")
def rename(call: Call, repository: Repository) -> Answer:
    """Rename a branch; the default branch, only for an administrator.

    https://docs.github.com/en/rest/branches/branches#rename-a-branch
    """
    old, new = call.parameters["branch"], call.body["new_name"]
    _sha(repository, old)
    if old == repository.default_branch and not _administers(call, repository):
        raise Forbidden("Must have admin rights to Repository.")
    if f"refs/heads/{new}" in bare.refs(repository.folder):
        raise Invalid("Branch", "new_name", "already_exists", f"A branch named {new} already exists.")
    rename_branch(call.hub, call.caller, repository, old, new)
    return Answer(201, _branch(call, repository, new))


def _administers(call: Call, repository: Repository) -> bool:
    """Return whether a caller administers a repository; a token of an app needs the permission."""
    if call.caller.kind != "user":
        return call.caller.permissions.get("administration") == "write"
    return call.hub.state.role(call.caller.account, repository) == "admin"


def _branch(call: Call, repository: Repository, name: str) -> Document:
    sha = _sha(repository, name)
    url = call.url("repos", repository.full_name, "branches", name)
    protection = repository.protection.get(name)
    return {
        "name": name,
        "commit": commit(call.hub, repository, bare.commit(repository.folder, sha)),
        "_links": {"self": url, "html": f"{call.hub.url}/{repository.full_name}/tree/{name}"},
        "protected": _protected(repository, name),
        "protection": {"enabled": protection is not None},
        "protection_url": f"{url}/protection",
    }


@route(f"GET {BRANCH}/protection", role="admin")
def get_protection(call: Call, repository: Repository) -> Answer:
    """Return a branch's classic protection; what rulesets say does not count here."""
    plan_allows(call, repository)
    name = call.parameters["branch"]
    _sha(repository, name)
    if name not in repository.protection:
        raise Refused(404, "Branch not protected")
    return Answer(200, _document(call, repository, name))


@route(f"PUT {BRANCH}/protection", role="admin")
def set_protection(call: Call, repository: Repository) -> Answer:
    """Set a branch's classic protection."""
    plan_allows(call, repository)
    name = call.parameters["branch"]
    _sha(repository, name)
    repository.protection[name] = call.body
    return Answer(200, _document(call, repository, name))


@route(f"DELETE {BRANCH}/protection", role="admin")
def delete_protection(call: Call, repository: Repository) -> Answer:
    """Take a branch's classic protection away."""
    if repository.protection.pop(call.parameters["branch"], None) is None:
        raise Refused(404, "Branch not protected")
    return Answer(204)


def _document(call: Call, repository: Repository, name: str) -> Document:
    kept = repository.protection[name]
    url = call.url("repos", repository.full_name, "branches", name, "protection")
    document: Document = {"url": url, **{key: {"enabled": bool(kept.get(key))} for key in SWITCHES}}
    admins = {"url": f"{url}/enforce_admins", "enabled": bool(kept.get("enforce_admins"))}
    document |= {
        "enforce_admins": admins,
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
    }
    checks = kept.get("required_status_checks")
    if checks:
        wanted = checks.get("checks") or [{"context": context} for context in checks.get("contexts", [])]
        document["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "strict": checks["strict"],
            "contexts": [check["context"] for check in wanted],
            "contexts_url": f"{url}/required_status_checks/contexts",
            "checks": [{"app_id": None, **check} for check in wanted],
        }
    reviews = kept.get("required_pull_request_reviews")
    if reviews is not None:
        document["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": reviews.get("dismiss_stale_reviews", False),
            "require_code_owner_reviews": reviews.get("require_code_owner_reviews", False),
            "require_last_push_approval": reviews.get("require_last_push_approval", False),
            "required_approving_review_count": reviews.get("required_approving_review_count", 0),
        }
    return document

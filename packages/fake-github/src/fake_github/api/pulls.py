"""Pull requests: opened, read, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import events, opening, pushes
from fake_github import git_repository as bare
from fake_github.answers import Answer, Invalid, NotFound
from fake_github.api.git_data import changed_files
from fake_github.clock import now
from fake_github.documents.commits import commit
from fake_github.documents.pulls import fork_point, full_pull, simple_pull
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import PullRequest, Repository

PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"


def pull_of(call: Call, repository: Repository) -> PullRequest:
    """Return the pull request that a path names."""
    return call.numbered("pull_number", repository.pulls)


@route("POST /repos/{owner}/{repo}/pulls", role="pull")
def create(call: Call, repository: Repository) -> Answer:
    """Open a pull request, from a branch here or, as `OWNER:BRANCH`, from one in a fork."""
    pull = opening.open_pull(call.hub, call.caller, repository, call.body)
    return Answer(201, full_pull(call.hub, repository, pull))


@route("GET /repos/{owner}/{repo}/pulls")
def list_pulls(call: Call, repository: Repository) -> Answer:
    """Return the pull requests, the newest first, of a state, a head and a base."""
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = [
        simple_pull(call.hub, repository, pull)
        for pull in sorted(repository.pulls.values(), key=lambda one: -one.number)
        if state in {"all", pull.state}
        and head in {None, f"{pull.head_repository.owner.login}:{pull.head_branch}"}
        and base in {None, pull.base_branch}
    ]
    return call.listing(found if call.query.get("direction", "desc") == "desc" else found[::-1])


@route(f"GET {PULL}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a pull request."""
    return Answer(200, full_pull(call.hub, repository, pull_of(call, repository)))


@route(f"PATCH {PULL}", role="pull")
def update(call: Call, repository: Repository) -> Answer:
    """Change a pull request's words or its base, close it, open it again."""
    pull = pull_of(call, repository)
    changes: dict[str, dict[str, object]] = {}
    for name in ("title", "body"):
        if name in call.body and getattr(pull, name) != call.body[name]:
            changes[name] = {"from": getattr(pull, name) or ""}
            setattr(pull, name, call.body[name])
    _rebase_on(call, repository, pull, changes)
    pull.updated_at = now()
    if changes:
        events.record_pull(call.hub, call.caller, repository, pull, "edited", changes=changes)
    state = call.body.get("state", pull.state)
    if state != pull.state:
        pull.state, pull.closed_at = state, now() if state == "closed" else None
        events.record_pull(call.hub, call.caller, repository, pull, "closed" if state == "closed" else "reopened")
    return Answer(200, full_pull(call.hub, repository, pull))


def _rebase_on(call: Call, repository: Repository, pull: PullRequest, changes: dict[str, dict[str, object]]) -> None:
    name = call.body.get("base", pull.base_branch)
    if name == pull.base_branch:
        return
    base = bare.refs(repository.folder).get(f"refs/heads/{name}")
    if base is None:
        raise Invalid("PullRequest", "base", "invalid")
    changes["base"] = {"ref": {"from": pull.base_branch}, "sha": {"from": pull.base}}
    pull.base_branch, pull.base = name, base
    pushes.write_refs(repository, pull)


@route(f"GET {PULL}/commits")
def list_commits(call: Call, repository: Repository) -> Answer:
    """Return a pull request's commits, the oldest first."""
    pull = pull_of(call, repository)
    found = bare.commits(repository.folder, pull.head, f"^{pull.base}")
    return call.listing([commit(call.hub, repository, one) for one in found])


@route(f"GET {PULL}/files")
def list_files(call: Call, repository: Repository) -> Answer:
    """Return the files that a pull request changes."""
    pull = pull_of(call, repository)
    return call.listing(changed_files(call, repository, fork_point(repository, pull), pull.head))


@route(f"GET {PULL}/merge")
def is_merged(call: Call, repository: Repository) -> Answer:
    """Return whether a pull request was merged."""
    if pull_of(call, repository).merged_at is None:
        raise NotFound
    return Answer(204)


@route("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls")
def list_for_commit(call: Call, repository: Repository) -> Answer:
    """Return the pull requests that brought a commit, or hold it."""
    sha = bare.resolve(repository.folder, call.parameters["commit_sha"])
    if sha is None:
        raise NotFound
    found = [
        pull
        for pull in repository.pulls.values()
        if pull.merge_commit == sha
        or (
            bare.is_ancestor(repository.folder, sha, pull.head)
            and (pull.merged_at or not bare.is_ancestor(repository.folder, sha, pull.base))
        )
    ]
    return call.listing([simple_pull(call.hub, repository, pull) for pull in found])

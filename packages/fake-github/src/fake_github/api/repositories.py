"""Repositories: made, read, changed, forked, removed."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from fake_github import events
from fake_github import git_repository as bare
from fake_github.answers import Answer, Forbidden, Invalid, NotFound, Refused
from fake_github.clock import now
from fake_github.documents.repositories import DEFAULTS, full_repository
from fake_github.documents.repositories import repository as listed
from fake_github.routing import Call, check_single_sign_on, route, scoped
from fake_github.state import Organisation, Repository

if TYPE_CHECKING:
    from fake_github.state import Account, Document

RESERVED = {".", ".."}
TOPICS = 20


@route("POST /orgs/{org}/repos", scopes=["repo", "public_repo"])
def create_in_organisation(call: Call, organisation: Organisation) -> Answer:
    """Make a repository of an organisation."""
    role = organisation.members.get(call.caller.account.login)
    if role is None:
        raise NotFound
    if role != "admin" and not organisation.members_create:
        raise Forbidden("You need admin access to the organization before adding a repository to it.")
    return _create(call, organisation)


@route("POST /user/repos", scopes=["repo", "public_repo"])
def create_for_user(call: Call) -> Answer:
    """Make a repository of the caller's own."""
    return _create(call, call.caller.account)


def _create(call: Call, owner: Account) -> Answer:
    name = call.body["name"]
    _refuse_name(call, owner, name, "Repository creation failed.")
    visibility = call.body.get("visibility") or ("private" if call.body.get("private") else "public")
    _check_internal(owner, visibility)
    private = visibility != "public"
    if private and not scoped(call.caller, frozenset({"repo"})) and call.caller.kind == "user":
        raise NotFound
    given = {key: value for key, value in call.body.items() if key in DEFAULTS}
    settings = DEFAULTS | given | {"private": private, "visibility": visibility}
    repository = add(call, owner, name, settings)
    repository.collaborators[call.caller.account.login] = "admin"  # its creator administers it
    bare.create(repository.folder, call.hub.hooks)
    if call.body.get("auto_init"):
        _initialise(call, repository)
    events.record(call.hub, call.caller, repository, "repository", {"action": "created"})
    return Answer(201, full_repository(call.hub, repository, call.caller.account))


def _check_internal(owner: Account, visibility: str) -> None:
    if visibility == "internal" and not (isinstance(owner, Organisation) and owner.in_enterprise):
        message = "Only organizations associated with an enterprise can set visibility to internal"
        raise Invalid("Repository", "visibility", "custom", message)


def _refuse_name(call: Call, owner: Account, name: str, summary: str) -> None:
    """Refuse a name that is not valid, or that another repository of the owner has."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) or name in RESERVED:
        raise Invalid("Repository", "name", "custom", "name is invalid", summary)
    if call.hub.state.repository(f"{owner.login}/{name}") is not None:
        raise Invalid("Repository", "name", "custom", "name already exists on this account", summary)


def add(call: Call, owner: Account, name: str, settings: Document, parent: Repository | None = None) -> Repository:
    """Enter a new repository into the state; its git repository is still to be made."""
    hub = call.hub
    number = hub.state.next_id()
    folder = hub.folder / f"{owner.login.lower()}" / f"{name.lower()}-{number}.git"
    repository = Repository(number, owner, name, folder, settings, parent, hub.read_delay)
    hub.state.repositories[repository.full_name.lower()] = repository
    return repository


def _initialise(call: Call, repository: Repository) -> None:
    from fake_github.pushes import identity

    tree = bare.run(repository.folder, "hash-object", "-t", "tree", "-w", "/dev/null")
    arguments = ("commit-tree", tree, "-m", "Initial commit")
    first = bare.run(repository.folder, *arguments, extra=identity(call.caller.account))
    bare.run(repository.folder, "update-ref", "refs/heads/main", first)


@route("GET /repos/{owner}/{repo}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a repository."""
    return Answer(200, full_repository(call.hub, repository, call.viewer))


@route("PATCH /repos/{owner}/{repo}", role="admin")
def update(call: Call, repository: Repository) -> Answer:
    """Change a repository's settings."""
    changes = dict(call.body)
    _check_merge_sources(repository.settings | changes, changes)
    branch = changes.get("default_branch")
    if branch is not None:
        if f"refs/heads/{branch}" not in bare.refs(repository.folder):
            message = (
                f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API."
            )
            raise Invalid("Repository", "default_branch", "invalid", message)
        repository.default_branch = branch
        bare.run(repository.folder, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    changes |= _change_visibility(repository, changes)
    _rename(call, repository, changes.get("name", repository.name))
    repository.settings |= {key: value for key, value in changes.items() if key in DEFAULTS}
    repository.updated_at = now()
    return Answer(200, full_repository(call.hub, repository, call.caller.account))


def _rename(call: Call, repository: Repository, name: str) -> None:
    if name != repository.name:
        if name.lower() != repository.name.lower():
            _refuse_name(call, repository.owner, name, "Validation Failed")
        call.hub.state.rename(repository, name)


def _change_visibility(repository: Repository, changes: Document) -> Document:
    """Return both ways to say how visible it is to be; GitHub refuses what is so already under the newer name."""
    now_is, wanted = repository.settings["visibility"], changes.get("visibility")
    if wanted is None:
        private = changes.get("private", repository.private)
        wanted = now_is if private == repository.private else ("private" if private else "public")
    elif wanted == now_is:
        raise Refused(422, f"Visibility is already {now_is}.")
    _check_internal(repository.owner, wanted)
    return {"visibility": wanted, "private": wanted != "public"}


def _check_merge_sources(settings: Document, changes: Document) -> None:
    if not any(settings[f"allow_{method}"] for method in ("squash_merge", "merge_commit", "rebase_merge")):
        raise Invalid("Repository", "merge_commit_allowed", "custom", "at least one merge method must be enabled")
    for method, prefix in (("merge commit", "merge_commit"), ("squash merge", "squash_merge_commit")):
        if not settings[f"allow_{method.replace(' ', '_')}"] and {f"{prefix}_title", f"{prefix}_message"} & set(
            changes
        ):
            message = f"Sorry, you need to allow the {method} strategy in order to set the default {method} message."
            raise Invalid("Repository", f"{prefix}_title", "no_merge_strategy", message)
    title, message = settings["squash_merge_commit_title"], settings["squash_merge_commit_message"]
    if title == "COMMIT_OR_PR_TITLE" and message in {"PR_BODY", "BLANK"}:
        raise Invalid("Repository", "squash_merge_commit_title", "custom", "Sorry, that combination is not allowed.")


@route("DELETE /repos/{owner}/{repo}", role="admin")
def delete(call: Call, repository: Repository) -> Answer:
    """Remove a repository; a user's token needs a scope of its own for that."""
    if call.caller.kind == "user" and not scoped(call.caller, frozenset({"delete_repo"})):
        raise Forbidden("Must have admin rights to Repository.")
    del call.hub.state.repositories[repository.full_name.lower()]
    shutil.rmtree(repository.folder)
    return Answer(204)


@route("GET /orgs/{org}/repos")
def list_for_organisation(call: Call, organisation: Organisation) -> Answer:
    """Return the repositories of an organisation that the caller may see."""
    return _listing(call, organisation)


@route("GET /user/repos", scopes=["repo", "public_repo"])
def list_own(call: Call) -> Answer:
    """Return the repositories that the caller reaches by more than their being public."""
    return _listing(call, None)


def _listing(call: Call, owner: Account | None) -> Answer:
    viewer, state = call.viewer, call.hub.state
    found = []
    for one in state.repositories.values():
        role = None if viewer is None else state.role(viewer, one)
        visible = not one.private or (role is not None and scoped(call.token, frozenset({"repo"})))
        if visible and (one.owner is owner or (owner is None and role not in {None, "pull"})):
            found.append(listed(call.hub, one, viewer))
    return call.listing(found)


@route("GET /repos/{owner}/{repo}/topics")
def get_topics(call: Call, repository: Repository) -> Answer:  # noqa: ARG001 - every route has a call
    """Return a repository's topics."""
    return Answer(200, {"names": repository.topics})


@route("PUT /repos/{owner}/{repo}/topics", role="admin")
def set_topics(call: Call, repository: Repository) -> Answer:
    """Replace a repository's topics."""
    names = call.body["names"]
    if len(names) > TOPICS or not all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", name) for name in names):
        raise Refused(422, "Validation Failed", ["Topics must start with a lowercase letter or number."])
    repository.topics = list(dict.fromkeys(names))
    return Answer(200, {"names": repository.topics})


@route("POST /repos/{owner}/{repo}/forks", role="pull")
def fork(call: Call, repository: Repository) -> Answer:
    """Make a fork; GitHub answers before it is whole, this fake GitHub after."""
    organisation = call.body.get("organization")
    owner = call.hub.state.account(organisation) if organisation else call.caller.account
    if owner is None:
        raise NotFound
    if isinstance(owner, Organisation):
        check_single_sign_on(call, owner)
    name = call.body.get("name") or repository.name
    there = call.hub.state.repository(f"{owner.login}/{name}")
    if there is None:
        taken = {name: repository.settings[name] for name in ("private", "visibility", "description")}
        settings = DEFAULTS | taken
        there = add(call, owner, name, settings, repository)
        there.default_branch = repository.default_branch
        bare.fork(repository.folder, there.folder, call.hub.hooks)
    return Answer(202, full_repository(call.hub, there, call.caller.account))


@route("GET /repos/{owner}/{repo}/forks")
def list_forks(call: Call, repository: Repository) -> Answer:
    """Return a repository's forks."""
    forks = [one for one in call.hub.state.repositories.values() if one.parent is repository]
    return call.listing([listed(call.hub, one, call.viewer) for one in forks])

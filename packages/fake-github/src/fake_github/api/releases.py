"""Releases, and the tags that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import events
from fake_github import git_repository as bare
from fake_github.answers import Answer, Invalid, NotFound
from fake_github.api.git_data import move
from fake_github.clock import now
from fake_github.documents.accounts import node_id, simple_user
from fake_github.routing import Call, route
from fake_github.rules import refuse_workflows

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

RELEASES = "/repos/{owner}/{repo}/releases"
KEPT = ("tag_name", "target_commitish", "name", "body", "draft", "prerelease")


def document(call: Call, repository: Repository, kept: Document) -> Document:
    """Return a release."""
    url = call.url("repos", repository.full_name, "releases", kept["id"])
    page = f"{call.hub.url}/{repository.full_name}"
    archive = call.url("repos", repository.full_name)
    tag = kept["tag_name"]
    return {
        "id": kept["id"],
        "node_id": node_id("Release", kept["id"]),
        **{name: kept[name] for name in (*KEPT, "created_at", "updated_at", "published_at")},
        "immutable": False,
        "author": simple_user(call.hub, kept["account"]),
        "assets": [],
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "html_url": f"{page}/releases/tag/{tag}",
        "tarball_url": None if kept["draft"] else f"{archive}/tarball/{tag}",
        "zipball_url": None if kept["draft"] else f"{archive}/zipball/{tag}",
    }


@route(f"POST {RELEASES}")
def create(call: Call, repository: Repository) -> Answer:
    """Make a release, and with it its tag where there is none."""
    body, tag = call.body, call.body["tag_name"]
    if any(one["tag_name"] == tag and not one["draft"] for one in repository.releases.values()):
        raise Invalid("Release", "tag_name", "already_exists")
    target = body.get("target_commitish") or repository.default_branch
    draft = bool(body.get("draft"))
    if not draft:
        _tag(call, repository, tag, target)
    moment = now()
    kept = {
        "id": call.hub.state.next_id(),
        "tag_name": tag,
        "target_commitish": target,
        "name": body.get("name"),
        "body": body.get("body"),
        "draft": draft,
        "prerelease": bool(body.get("prerelease")),
        "account": call.caller.account,
        "created_at": moment,
        "updated_at": moment,
        "published_at": None if draft else moment,
    }
    repository.releases[kept["id"]] = kept
    made = document(call, repository, kept)
    if not draft:
        _record(call, repository, made)
    return Answer(201, made)


def _tag(call: Call, repository: Repository, tag: str, target: str) -> None:
    """Make a release's tag, unless it is there: then it stays where it is, and the target is not looked at."""
    if f"refs/tags/{tag}" in bare.refs(repository.folder):
        return
    sha = bare.resolve(repository.folder, target)
    if sha is None:
        raise Invalid("Release", "target_commitish", "invalid")
    refuse_workflows(repository, call.caller, sha)
    if bare.attempt(repository.folder, "check-ref-format", f"refs/tags/{tag}") is None:
        raise Invalid("Release", "tag_name", "custom", "tag_name is not a valid tag")
    move(call, repository, f"refs/tags/{tag}", sha)


def _record(call: Call, repository: Repository, made: Document) -> None:
    sha = bare.resolve(repository.folder, made["tag_name"]) or ""
    payload = {"action": "published", "release": {**made, "updated_at": made["updated_at"]}}
    ref = f"refs/tags/{made['tag_name']}"
    events.record(call.hub, call.caller, repository, "release", payload, ref=ref, sha=sha)


@route(f"GET {RELEASES}")
def list_releases(call: Call, repository: Repository) -> Answer:
    """Return the releases, the newest first."""
    found = sorted(repository.releases.values(), key=lambda one: -one["id"])
    return call.listing([document(call, repository, one) for one in found])


@route(f"GET {RELEASES}/latest")
def get_latest(call: Call, repository: Repository) -> Answer:
    """Return the newest release that is neither a draft nor a pre-release."""
    found = [one for one in repository.releases.values() if not (one["draft"] or one["prerelease"])]
    if not found:
        raise NotFound
    return Answer(200, document(call, repository, found[-1]))


@route(f"GET {RELEASES}/tags/{{tag}}")
def get_by_tag(call: Call, repository: Repository) -> Answer:
    """Return the release of a tag."""
    for one in repository.releases.values():
        if one["tag_name"] == call.parameters["tag"] and not one["draft"]:
            return Answer(200, document(call, repository, one))
    raise NotFound


@route(f"GET {RELEASES}/{{release_id}}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a release."""
    return Answer(200, document(call, repository, _release(call, repository)))


@route(f"PATCH {RELEASES}/{{release_id}}")
def update(call: Call, repository: Repository) -> Answer:
    """Change a release; a draft that ceases to be one is published then."""
    kept = _release(call, repository)
    publishes = kept["draft"] and call.body.get("draft") is False
    kept |= {name: call.body[name] for name in KEPT if name in call.body} | {"updated_at": now()}
    if publishes:
        _tag(call, repository, kept["tag_name"], kept["target_commitish"])
        kept["published_at"] = now()
        _record(call, repository, document(call, repository, kept))
    return Answer(200, document(call, repository, kept))


@route(f"DELETE {RELEASES}/{{release_id}}")
def delete(call: Call, repository: Repository) -> Answer:
    """Remove a release; its tag stays."""
    del repository.releases[_release(call, repository)["id"]]
    return Answer(204)


def _release(call: Call, repository: Repository) -> Document:
    return call.numbered("release_id", repository.releases)

"""Commits, tags and refs as documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github.documents.accounts import node_id, simple_user

if TYPE_CHECKING:
    from fake_github.git_repository import Commit, Person
    from fake_github.hub import Hub
    from fake_github.state import Account, Document, Repository

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def utc(moment: str) -> str:
    """Return a time as GitHub writes it, given as git does."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def person(one: Person) -> Document:
    """Return who made a commit."""
    return {"name": one.name, "email": one.email, "date": utc(one.date)}


def author(hub: Hub, one: Person) -> Account | None:
    """Return the account whose address a commit carries."""
    return next((account for account in hub.state.accounts.values() if account.email == one.email), None)


def git_commit(hub: Hub, repository: Repository, one: Commit) -> Document:
    """Return a commit as the git database has it."""
    url = f"{hub.api_url}/repos/{repository.full_name}/git"
    page = f"{hub.url}/{repository.full_name}/commit"
    return {
        "sha": one.sha,
        "node_id": node_id("Commit", int(one.sha[:8], 16)),
        "url": f"{url}/commits/{one.sha}",
        "html_url": f"{page}/{one.sha}",
        "author": person(one.author),
        "committer": person(one.committer),
        "tree": {"sha": one.tree, "url": f"{url}/trees/{one.tree}"},
        "message": one.message,
        "parents": [{"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/{sha}"} for sha in one.parents],
        "verification": UNSIGNED,
    }


def commit(hub: Hub, repository: Repository, one: Commit) -> Document:
    """Return a commit with the accounts that made it."""
    url = f"{hub.api_url}/repos/{repository.full_name}/commits"
    inner = git_commit(hub, repository, one)
    authors = {name: author(hub, who) for name, who in (("author", one.author), ("committer", one.committer))}
    return {
        "sha": one.sha,
        "node_id": inner["node_id"],
        "url": f"{url}/{one.sha}",
        "html_url": inner["html_url"],
        "comments_url": f"{url}/{one.sha}/comments",
        "commit": {
            **{name: inner[name] for name in ("author", "committer", "message", "tree", "url", "verification")},
            "comment_count": 0,
        },
        **{name: account and simple_user(hub, account) for name, account in authors.items()},
        "parents": [{**parent, "url": f"{url}/{parent['sha']}"} for parent in inner["parents"]],
    }


def pushed_commit(hub: Hub, repository: Repository, one: Commit) -> Document:
    """Return a commit as the payload of a push has it."""
    changed: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    said = bare.run(repository.folder, "show", "--format=", "--name-status", "--no-renames", one.sha)
    for line in said.splitlines():
        kind, _, path = line.partition("\t")
        changed[{"A": "added", "D": "removed"}.get(kind, "modified")].append(path)

    def who(one: Person) -> Document:
        account = author(hub, one)
        named = {"name": one.name, "email": one.email, "date": utc(one.date)}
        return named | ({} if account is None else {"username": account.login})

    return {
        "id": one.sha,
        "tree_id": one.tree,
        "distinct": True,
        "message": one.message,
        "timestamp": utc(one.committer.date),
        "url": f"{hub.url}/{repository.full_name}/commit/{one.sha}",
        "author": who(one.author),
        "committer": who(one.committer),
        **changed,
    }


def ref(hub: Hub, repository: Repository, name: str, sha: str) -> Document:
    """Return a ref, given by its whole name."""
    url = f"{hub.api_url}/repos/{repository.full_name}/git"
    kind = bare.kind(repository.folder, sha) or "commit"
    return {
        "ref": name,
        "node_id": node_id("Ref", int(sha[:8], 16)),
        "url": f"{url}/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/{kind}s/{sha}"},
    }


def tag_object(hub: Hub, repository: Repository, sha: str) -> Document:
    """Return an annotated tag."""
    url = f"{hub.api_url}/repos/{repository.full_name}/git"
    head, _, message = bare.run(repository.folder, "cat-file", "tag", sha).partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines())
    who, _, moment = fields["tagger"].rpartition("> ")
    name, _, email = who.partition(" <")
    seconds = int(moment.split(maxsplit=1)[0])
    return {
        "sha": sha,
        "node_id": node_id("Tag", int(sha[:8], 16)),
        "url": f"{url}/tags/{sha}",
        "tag": fields["tag"],
        "message": message,
        "tagger": {"name": name, "email": email, "date": utc(datetime.fromtimestamp(seconds, UTC).isoformat())},
        "object": {
            "sha": fields["object"],
            "type": fields["type"],
            "url": f"{url}/{fields['type']}s/{fields['object']}",
        },
        "verification": UNSIGNED,
    }

"""Events and their subscribers, with payloads in the form of GitHub's webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import git_refs
from fake_github import git_repository as bare
from fake_github.documents.accounts import simple_organisation, simple_user
from fake_github.documents.commits import pushed_commit
from fake_github.documents.pulls import payload_pull
from fake_github.documents.repositories import payload_repository, pushed_repository
from fake_github.records import Event

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Document, PullRequest, Repository, Token

# The webhooks that are validated against GitHub's description, by its names.
WEBHOOKS = (
    "check-run-completed",
    "check-run-created",
    "create",
    "delete",
    "issue-comment-created",
    "issue-comment-edited",
    "pull-request-closed",
    "pull-request-converted-to-draft",
    "pull-request-edited",
    "pull-request-opened",
    "pull-request-ready-for-review",
    "pull-request-reopened",
    "pull-request-synchronize",
    "push",
    "release-published",
    "repository-created",
)
PUSHED = 20  # commits that a payload lists at most


def record(
    hub: Hub,
    token: Token,
    repository: Repository,
    name: str,
    payload: Document,
    *,
    ref: str = "",
    sha: str = "",
) -> None:
    """Record an event: validate its payload, and send it when the request is over."""
    organisation = hub.state.organisation(repository.owner.login)
    whole = {
        **payload,
        "repository": (pushed_repository if name == "push" else payload_repository)(hub, repository),
        "sender": simple_user(hub, token.account),
        **({} if organisation is None else {"organization": simple_organisation(hub, organisation)}),
    }
    default = bare.resolve(repository.folder, repository.default_branch) or bare.ZERO
    event = Event(
        name,
        payload.get("action"),
        repository.full_name,
        token.account.login,
        ref or f"refs/heads/{repository.default_branch}",
        sha or default,
        token.kind != "workflow",
        whole,
    )
    if hub.contract is not None:
        hub.violations += hub.contract.webhook(event.webhook, whole)
    hub.emit(event)


def record_push(hub: Hub, token: Token, repository: Repository, update: tuple[str, str, str]) -> None:
    """Record that a ref moved.

    Args:
        hub: Where.
        token: Of who pushed.
        repository: Whose ref.
        update: The ref's whole name, its id before and its id after.
    """
    ref, before, after = update
    folder = repository.folder
    created, deleted = before == bare.ZERO, after == bare.ZERO
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    short = ref.split("/", 2)[2]
    common = {"ref": short, "ref_type": kind, "pusher_type": "user"}
    if created:
        master = {"master_branch": repository.default_branch, "description": repository.settings["description"]}
        record(hub, token, repository, "create", common | master, ref=ref, sha=after)
    if deleted:
        record(hub, token, repository, "delete", common)
    new: list[bare.Commit] = []
    if not deleted and kind == "branch":
        others = [other for other in bare.refs(folder).values() if other != after] if created else [before]
        new = bare.commits(folder, after, "--not", *others)
    newest = new[-1] if new and new[-1].sha == after else None
    head = None if deleted else pushed_commit(hub, repository, newest or bare.commit(folder, after))
    payload = {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": not (created or deleted) and not bare.is_ancestor(folder, before, after),
        "base_ref": None,
        "compare": f"{hub.url}/{repository.full_name}/compare/{before[:12]}...{after[:12]}",
        "commits": [pushed_commit(hub, repository, one) for one in new[-PUSHED:]],
        "head_commit": head,
        "pusher": {"name": token.account.login, "email": token.account.email},
    }
    sha = None if deleted else bare.resolve(folder, after)
    record(hub, token, repository, "push", payload, ref=ref, sha=sha or "")


def record_pull(hub: Hub, token: Token, repository: Repository, pull: PullRequest, action: str, **more: object) -> None:
    """Record an action on a pull request."""
    payload = {
        "action": action,
        "number": pull.number,
        "pull_request": payload_pull(hub, repository, pull),
        **more,
    }
    merge = git_refs.find(repository.folder, f"refs/pull/{pull.number}/merge")
    ref = f"refs/pull/{pull.number}/{'merge' if merge else 'head'}"
    record(hub, token, repository, "pull_request", payload, ref=ref, sha=merge or pull.head)

"""Merging a pull request, and merging its base into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github import merging, pushes
from fake_github.answers import Answer, Refused
from fake_github.api.pulls import PULL, pull_of
from fake_github.documents.pulls import full_pull
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Document, Repository


@route(f"PUT {PULL}/merge", role="push")
def merge(call: Call, repository: Repository) -> Answer:
    """Merge a pull request."""
    made = merging.merge(call.hub, call.caller, repository, pull_of(call, repository), call.body)
    return Answer(200, {"sha": made, "merged": True, "message": "Pull Request successfully merged"})


@route(f"PUT {PULL}/update-branch", role="push")
def update_branch(call: Call, repository: Repository) -> Answer:
    """Merge the base into a pull request's branch."""
    pull = pull_of(call, repository)
    if call.body.get("expected_head_sha", pull.head) != pull.head:
        raise Refused(422, "expected head sha didn’t match current head ref.")  # noqa: RUF001 - GitHub's own
    source = pull.head_repository
    message = f"Merge branch '{pull.base_branch}' into {pull.head_branch}"
    tree = bare.mergeable(repository.folder, pull.head, pull.base)
    if tree is None:
        raise Refused(422, "merge conflict between base and head")
    bare.run(source.folder, "fetch", "--quiet", str(repository.folder), pull.base)
    if source is not repository:
        bare.run(source.folder, "fetch", "--quiet", str(repository.folder), f"refs/pull/{pull.number}/merge")
    parents = ("-p", pull.head, "-p", pull.base)
    made = bare.run(
        source.folder, "commit-tree", tree, *parents, "-m", message, extra=pushes.identity(call.caller.account)
    )
    before = bare.refs(source.folder)
    bare.run(source.folder, "update-ref", f"refs/heads/{pull.head_branch}", made)
    pushes.follow(call.hub, call.caller, source, before)
    document: Document = full_pull(call.hub, repository, pull)
    return Answer(202, {"message": "Updating pull request branch.", "url": document["url"]})

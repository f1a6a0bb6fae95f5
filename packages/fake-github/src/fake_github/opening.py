"""Opening a pull request: what both APIs do, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import events, pushes
from fake_github import git_repository as bare
from fake_github.answers import Invalid
from fake_github.state import PullRequest

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Document, Repository, Token


def open_pull(hub: Hub, token: Token, repository: Repository, wanted: Document) -> PullRequest:
    """Open a pull request, from a branch here or, as `OWNER:BRANCH`, from one in a fork.

    Args:
        hub: Where.
        token: Of the author.
        repository: That the pull request is in.
        wanted: As the body of `POST /repos/{owner}/{repo}/pulls`.

    Raises:
        Invalid: A branch does not exist, has nothing new, or has a pull request already.
    """
    owner, _, branch = wanted["head"].rpartition(":")
    source = _source(hub, repository, owner)
    head = bare.refs(source.folder).get(f"refs/heads/{branch}")
    base = bare.refs(repository.folder).get(f"refs/heads/{wanted['base']}")
    for field, sha in (("head", head), ("base", base)):
        if sha is None:
            raise Invalid("PullRequest", field, "invalid")
    pull = PullRequest(
        id=hub.state.next_id(),
        number=repository.next_number(),
        author=token.account,
        title=wanted.get("title") or "",
        body=wanted.get("body"),
        head_repository=source,
        head_branch=branch,
        head=str(head),
        base_branch=wanted["base"],
        base=str(base),
        draft=bool(wanted.get("draft")),
        maintainer_can_modify=bool(wanted.get("maintainer_can_modify", source is not repository)),
    )
    _refuse_useless(repository, pull, wanted["head"])
    repository.pulls[pull.number] = pull
    pushes.write_refs(repository, pull)
    events.record_pull(hub, token, repository, pull, "opened")
    return pull


def _source(hub: Hub, repository: Repository, owner: str) -> Repository:
    """Return the repository that a head is in: this one, or the owner's fork of it."""
    if owner.lower() in {"", repository.owner.login.lower()}:
        return repository
    for one in hub.state.repositories.values():
        if one.owner.login.lower() == owner.lower() and one.parent is repository:
            return one
    raise Invalid("PullRequest", "head", "invalid")


def _refuse_useless(repository: Repository, wanted: PullRequest, head: str) -> None:
    source, branch = wanted.head_repository, wanted.head_branch
    there = (
        pull
        for pull in repository.pulls.values()
        if pull.state == "open"
        and (pull.head_repository, pull.head_branch, pull.base_branch) == (source, branch, wanted.base_branch)
    )
    if next(there, None) is not None:
        raise _custom(f"A pull request already exists for {source.owner.login}:{branch}.")
    if source is not repository:
        bare.run(repository.folder, "fetch", "--quiet", str(source.folder), wanted.head)
    if bare.is_ancestor(repository.folder, wanted.head, wanted.base):
        raise _custom(f"No commits between {wanted.base_branch} and {head}")


def _custom(message: str) -> Invalid:
    """Return a refusal that names no field, as GitHub has it for pull requests."""
    refused = Invalid("PullRequest", "", "custom", message)
    refused.errors = [{"resource": "PullRequest", "code": "custom", "message": message}]
    return refused

"""Mutations of pull requests: opened, to a draft, ready for review, merged, reverted.

https://docs.github.com/en/graphql/reference/mutations
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import events, merging, opening, pushes
from fake_github import git_repository as bare
from fake_github.answers import Invalid, Refused
from fake_github.clock import now
from fake_github.documents.accounts import node_id
from fake_github.graphql.errors import Problem
from fake_github.graphql.fields import refuse
from fake_github.graphql.sources import Pull
from fake_github.process import CommandFailed
from fake_github.state import PullRequest

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.state import Document, Repository

WRITERS = {"push", "maintain", "admin"}


def _pull(info: GraphQLResolveInfo, identity: str) -> Pull:
    """Return the pull request of an id.

    Raises:
        Problem: There is none that the caller may see, or the caller may not write there.
    """
    context: Context = info.context
    for repository in context.hub.state.repositories.values():
        for one in repository.pulls.values():
            if node_id("PullRequest", one.id) == identity and context.sees(repository):
                if not _may_write(context, Pull(repository, one)):
                    raise Problem("FORBIDDEN", "Resource not accessible by integration")
                return Pull(repository, one)
    raise Problem("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")


def _may_write(context: Context, found: Pull) -> bool:
    token = context.token
    if token.kind != "user":
        return token.permissions.get("pull_requests") == "write"
    return found.pull.author is token.account or context.role(found.repository) in WRITERS


def create(_root: None, info: GraphQLResolveInfo, input: Document) -> Document:  # noqa: A002
    """Open a pull request."""
    context: Context = info.context
    repository = _repository(context, input["repositoryId"])
    if input.get("headRepositoryId") not in {None, input["repositoryId"]}:
        raise refuse(info, "a head in another repository of createPullRequest")
    wanted = {"head": input["headRefName"], "base": input["baseRefName"]}
    wanted |= {name: input[name] for name in ("title", "body", "draft") if name in input}
    try:
        pull = opening.open_pull(context.hub, context.token, repository, wanted)
    except Invalid as refused:
        message = next(iter(refused.errors or []), {})
        raise Problem("UNPROCESSABLE", _said(message)) from refused
    return {"clientMutationId": input.get("clientMutationId"), "pullRequest": Pull(repository, pull)}


def _said(error: Any) -> str:  # noqa: ANN401 - a document of the REST API
    """Return what the error of a field is in a sentence, as GitHub's mutation answers it."""
    return str(error.get("message") or f"{str(error.get('field')).capitalize()} sha can't be blank")


def _repository(context: Context, identity: str) -> Repository:
    """Return the repository of an id, in which the caller may open pull requests.

    Raises:
        Problem: There is none that the caller may see, or its token may not.
    """
    found = context.hub.state.repositories.values()
    repository = next((one for one in found if node_id("Repository", one.id) == identity and context.sees(one)), None)
    if repository is None:
        raise Problem("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")
    token = context.token
    if token.kind != "user" and token.permissions.get("pull_requests") != "write":
        raise Problem("FORBIDDEN", "Resource not accessible by integration")
    return repository


def to_draft(_root: None, info: GraphQLResolveInfo, input: Document) -> Document:  # noqa: A002 - GitHub's name
    """Make an open pull request a draft."""
    return _set_draft(info, input, "converted_to_draft", draft=True)


def to_ready(_root: None, info: GraphQLResolveInfo, input: Document) -> Document:  # noqa: A002
    """Make a draft ready for review."""
    return _set_draft(info, input, "ready_for_review", draft=False)


def _set_draft(info: GraphQLResolveInfo, given: Document, action: str, *, draft: bool) -> Document:
    found = _pull(info, given["pullRequestId"])
    if found.pull.state == "closed":
        raise Problem("UNPROCESSABLE", "Pull request is closed")
    if found.pull.draft != draft:
        found.pull.draft, found.pull.updated_at = draft, now()
        events.record_pull(info.context.hub, info.context.token, found.repository, found.pull, action)
    return {"clientMutationId": given.get("clientMutationId"), "pullRequest": found}


# What GitHub names in another way in the body of the same operation of the REST API.
MERGE = {"commitHeadline": "commit_title", "commitBody": "commit_message", "expectedHeadOid": "sha"}


def merge(_root: None, info: GraphQLResolveInfo, input: Document) -> Document:  # noqa: A002
    """Merge a pull request, which needs a writer of the repository.

    https://docs.github.com/en/graphql/reference/mutations#mergepullrequest
    """
    found, context = _pull(info, input["pullRequestId"]), info.context
    if context.token.kind == "user" and context.role(found.repository) not in WRITERS:
        raise Problem("FORBIDDEN", f"{context.token.account.login} does not have the correct permissions to merge")
    if context.token.kind != "user" and context.token.permissions.get("contents") != "write":
        raise Problem("FORBIDDEN", "Resource not accessible by integration")
    wanted = {name: input[key] for key, name in MERGE.items() if input.get(key) is not None}
    wanted["merge_method"] = str(input.get("mergeMethod", "MERGE")).lower()
    try:
        merging.merge(context.hub, context.token, found.repository, found.pull, wanted)
    except Refused as refused:
        raise Problem("UNPROCESSABLE", refused.message) from refused
    return {"clientMutationId": input.get("clientMutationId"), "pullRequest": found, "actor": context.token.account}


def revert(_root: None, info: GraphQLResolveInfo, input: Document) -> Document:  # noqa: A002
    """Open a pull request that reverts a merged one, from a branch of its own."""
    found = _pull(info, input["pullRequestId"])
    repository, pull = found
    if pull.merge_commit is None:
        raise Problem("UNPROCESSABLE", "Pull request is not merged")
    context: Context = info.context
    branch = f"revert-{pull.number}-{pull.head_branch}"
    title = input.get("title") or f'Revert "{pull.title}"'
    before = bare.refs(repository.folder)
    if f"refs/heads/{branch}" in before:
        raise Problem("UNPROCESSABLE", "Pull request has been reverted already")
    base = before[f"refs/heads/{pull.base_branch}"]
    head = _reverting_commit(repository, base, pull.merge_commit, pushes.identity(context.token.account))
    bare.run(repository.folder, "update-ref", f"refs/heads/{branch}", head)
    pushes.follow(context.hub, context.token, repository, before)
    made = PullRequest(
        id=context.hub.state.next_id(),
        number=repository.next_number(),
        author=context.token.account,
        title=title,
        body=input.get("body") or f"Reverts {repository.full_name}#{pull.number}",
        head_repository=repository,
        head_branch=branch,
        head=head,
        base_branch=pull.base_branch,
        base=base,
        draft=bool(input.get("draft")),
    )
    repository.pulls[made.number] = made
    pushes.write_refs(repository, made)
    events.record_pull(context.hub, context.token, repository, made, "opened")
    return {
        "clientMutationId": input.get("clientMutationId"),
        "pullRequest": found,
        "revertPullRequest": Pull(repository, made),
    }


def _reverting_commit(repository: Repository, base: str, merged: str, who: dict[str, str]) -> str:
    """Write the commit on `base` that reverts a merged one, and return its hash."""
    with bare.work_tree(repository.folder, base) as tree:
        parents = bare.run(tree, "rev-list", "--parents", "-n1", merged).split()[1:]
        mainline = ("-m", "1") if len(parents) > 1 else ()
        try:
            bare.run(tree, "revert", "--no-edit", *mainline, merged, extra=who)
        except CommandFailed as error:
            raise Problem("UNPROCESSABLE", "Pull request can not be reverted: it has conflicts") from error
        return bare.run(tree, "rev-parse", "HEAD")


MODELLED: dict[str, dict[str, Any]] = {
    "Mutation": {
        "createPullRequest": create,
        "convertPullRequestToDraft": to_draft,
        "markPullRequestReadyForReview": to_ready,
        "mergePullRequest": merge,
        "revertPullRequest": revert,
    }
}

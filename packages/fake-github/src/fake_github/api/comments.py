"""Comments on pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden
from fake_github.clock import now
from fake_github.documents.pulls import comment as document
from fake_github.routing import Call, route
from fake_github.state import Comment

if TYPE_CHECKING:
    from fake_github.state import Repository

COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"


@route(f"GET {COMMENTS}")
def list_comments(call: Call, repository: Repository) -> Answer:
    """Return the comments on a pull request, the oldest first."""
    number = call.numbered("issue_number", repository.pulls).number
    found = [one for one in repository.comments.values() if one.number == number]
    return call.listing([document(call.hub, repository, one) for one in found])


@route(f"POST {COMMENTS}", role="pull")
def create(call: Call, repository: Repository) -> Answer:
    """Comment on a pull request."""
    number = call.numbered("issue_number", repository.pulls).number
    comment = Comment(call.hub.state.next_id(), number, call.caller.account, call.body["body"])
    repository.comments[comment.id] = comment
    return Answer(201, document(call.hub, repository, comment))


@route(f"GET {COMMENT}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a comment."""
    return Answer(200, document(call.hub, repository, _comment(call, repository)))


@route(f"PATCH {COMMENT}", role="pull")
def update(call: Call, repository: Repository) -> Answer:
    """Change a comment; one's own, or any for those who may push."""
    comment = _comment(call, repository)
    _may_change(call, repository, comment)
    comment.body, comment.updated_at = call.body["body"], now()
    return Answer(200, document(call.hub, repository, comment))


@route(f"DELETE {COMMENT}", role="pull")
def delete(call: Call, repository: Repository) -> Answer:
    """Remove a comment."""
    comment = _comment(call, repository)
    _may_change(call, repository, comment)
    del repository.comments[comment.id]
    return Answer(204)


def _may_change(call: Call, repository: Repository, comment: Comment) -> None:
    account = call.caller.account
    role = call.hub.state.role(account, repository)
    if call.caller.kind == "user" and comment.author is not account and role in {None, "pull", "triage"}:
        raise Forbidden("Must have admin rights to Repository.")


def _comment(call: Call, repository: Repository) -> Comment:
    return call.numbered("comment_id", repository.comments)

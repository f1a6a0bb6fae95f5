"""The explanation of a version as a comment on its pull request: one comment, kept up to date in place.

It is found by a marker that Markdown does not show, at its very beginning.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rnd.github.client import PAGE
from rnd.github.errors import GitHubRefused
from rnd.plan import Action, Plan, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.github.client import Client
    from rnd.github.repository import Repository

WORKFLOW = "github-actions[bot]"  # https://docs.github.com/en/actions/concepts/security/github_token
MARKER = "<!-- rnd version explain -->\n"


def plan_comment(client: Client, repository: Repository, number: int, text: str) -> Plan:
    """Return the plan that makes a pull request show a text.

    Args:
        client: GitHub.
        repository: Where the pull request is.
        number: The pull request's.
        text: What the comment says, as Markdown.
    """
    owner, name = repository
    body = MARKER + text

    def look() -> tuple[int, str] | None:
        comments: Iterator[Any] = client.paginate(
            lambda kit, page: kit.rest.issues.list_comments(owner, name, number, per_page=PAGE, page=page)
        )
        marked = [one for one in comments if _is_marked(one["body"])]
        login = _login(client) if marked else ""
        return next(((one["id"], one["body"]) for one in marked if _is_by(one["user"], login)), None)

    def observe() -> State:
        found = look()
        if found is None:
            return needed("no comment yet")
        return done("as it should be") if found[1].rstrip() == body.rstrip() else needed("it says something else")

    def write() -> None:
        there = look() or client.create_once(
            look, lambda kit: kit.rest.issues.create_comment(owner, name, number, data={"body": body})
        )
        if there[1].rstrip() != body.rstrip():
            client.send(lambda kit: kit.rest.issues.update_comment(owner, name, there[0], data={"body": body}))

    action = Action(f"write the explanation into its comment on {repository}#{number}", write)
    step = Step("comment", f"Comment on pull request {number}", observe, (action,))
    return Plan(f"explain the version on {repository}#{number}", (step,))


def _is_marked(body: str) -> bool:
    return body.replace("\r\n", "\n").startswith(MARKER)


def _login(client: Client) -> str:
    """Return the account that the token writes comments as; GitHub does not name it for the token of a workflow."""
    try:
        return str(client.read(lambda kit: kit.rest.users.get_authenticated())["login"])
    except GitHubRefused as refused:
        if refused.status != HTTPStatus.FORBIDDEN:
            raise
        return WORKFLOW


def _is_by(author: Any, login: str) -> bool:  # noqa: ANN401 - githubkit's own types
    """Return whether an account wrote a comment: anybody can copy the marker."""
    return author is not None and bool(author["login"] == login)  # no author: the account is deleted

"""Issues: listed, opened, edited.

https://docs.github.com/en/rest/issues/issues
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden
from fake_github.clock import now
from fake_github.documents.accounts import node_id, simple_user
from fake_github.documents.pulls import association
from fake_github.routing import Call, route
from fake_github.state import Issue

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

ISSUES = "/repos/{owner}/{repo}/issues"
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def _document(call: Call, repository: Repository, issue: Issue) -> Document:
    url = call.url("repos", repository.full_name, "issues", issue.number)
    return {
        "id": issue.id,
        "node_id": node_id("Issue", issue.id),
        "number": issue.number,
        "url": url,
        "repository_url": call.url("repos", repository.full_name),
        "html_url": f"{call.hub.url}/{repository.full_name}/issues/{issue.number}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "title": issue.title,
        "body": issue.body,
        "user": simple_user(call.hub, issue.author),
        "author_association": association(call.hub, repository, issue.author),
        "state": issue.state,
        "state_reason": None if issue.state == "open" else "completed",
        "locked": False,
        "active_lock_reason": None,
        "assignee": None,
        "assignees": [],
        "labels": [],
        "milestone": None,
        "comments": 0,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": None if issue.state == "open" else issue.updated_at,
        "closed_by": None if issue.state == "open" else simple_user(call.hub, issue.author),
        "performed_via_github_app": None,
        "reactions": {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)},
    }


@route(f"GET {ISSUES}")
def list_issues(call: Call, repository: Repository) -> Answer:
    """Return the issues of a repository; GitHub lists pull requests here too, which this fake leaves out."""
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    found = [
        one for one in repository.issues.values() if state in {"all", one.state} and creator in {None, one.author.login}
    ]
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    return call.listing([_document(call, repository, one) for one in found])


@route(f"POST {ISSUES}", role="pull")
def create(call: Call, repository: Repository) -> Answer:
    """Open an issue; who can read a repository can."""
    number = repository.next_number()
    issue = Issue(call.hub.state.next_id(), number, call.caller.account, call.body["title"], call.body.get("body"))
    repository.issues[number] = issue
    return Answer(201, _document(call, repository, issue))


@route(f"PATCH {ISSUES}/{{issue_number}}", role="pull")
def update(call: Call, repository: Repository) -> Answer:
    """Edit an issue; one's own, or any for those who may triage."""
    issue = call.numbered("issue_number", repository.issues)
    account = call.caller.account
    own = account is issue.author
    if call.caller.kind == "user" and not own and call.hub.state.role(account, repository) in {None, "pull"}:
        raise Forbidden("Must have admin rights to Repository.")
    issue.title = call.body.get("title", issue.title)
    issue.body = call.body.get("body", issue.body)
    issue.state = call.body.get("state", issue.state)
    issue.updated_at = now()
    return Answer(200, _document(call, repository, issue))

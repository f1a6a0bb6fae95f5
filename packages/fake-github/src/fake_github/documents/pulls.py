"""Pull requests and comments as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github.documents.accounts import node_id, simple_user
from fake_github.documents.repositories import pulled_repository
from fake_github.documents.repositories import repository as repository_document
from fake_github.rules import merge_state

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Account, Comment, Document, PullRequest, Repository


def association(hub: Hub, repository: Repository, account: Account) -> str:
    """Return what an author is to a repository."""
    if account is repository.owner:
        return "OWNER"
    organisation = hub.state.organisation(repository.owner.login)
    if organisation is not None and account.login in organisation.members:
        return "MEMBER"
    return "COLLABORATOR" if account.login in repository.collaborators else "NONE"


def end(hub: Hub, repository: Repository, branch: str, sha: str) -> Document:
    """Return one of the two branches of a pull request."""
    return {
        "label": f"{repository.owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": simple_user(hub, repository.owner),
        "repo": repository_document(hub, repository),
    }


def simple_pull(hub: Hub, repository: Repository, pull: PullRequest) -> Document:
    """Return a pull request as lists have it."""
    places = _places(hub, repository, pull)
    return {
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "number": pull.number,
        **{"url" if name == "self" else f"{name}_url": place for name, place in places.items()},
        "diff_url": f"{places['html']}.diff",
        "patch_url": f"{places['html']}.patch",
        "state": pull.state,
        "locked": False,
        "active_lock_reason": None,
        "title": pull.title,
        "user": simple_user(hub, pull.author),
        "body": pull.body,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": pull.draft,
        "head": end(hub, pull.head_repository, pull.head_branch, pull.head),
        "base": end(hub, repository, pull.base_branch, pull.base),
        "_links": {name: {"href": place} for name, place in places.items()},
        "author_association": association(hub, repository, pull.author),
        "auto_merge": None,
    }


def _places(hub: Hub, repository: Repository, pull: PullRequest) -> dict[str, str]:
    """Return the addresses of a pull request and of what hangs on it, by their names among its links."""
    url = f"{hub.api_url}/repos/{repository.full_name}"
    return {
        "self": f"{url}/pulls/{pull.number}",
        "html": f"{hub.url}/{repository.full_name}/pull/{pull.number}",
        "issue": f"{url}/issues/{pull.number}",
        "comments": f"{url}/issues/{pull.number}/comments",
        "review_comments": f"{url}/pulls/{pull.number}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{url}/pulls/{pull.number}/commits",
        "statuses": f"{url}/statuses/{pull.head}",
    }


def fork_point(repository: Repository, pull: PullRequest) -> str:
    """Return the commit since which a pull request changes something."""
    return bare.merge_base(repository.folder, pull.base, pull.head) or pull.base


def changed_lines(repository: Repository, pull: PullRequest) -> list[tuple[int, int]]:
    """Return how many lines each changed file of a pull request gets and loses; 0 for a binary file."""
    folder = repository.folder
    since = fork_point(repository, pull)
    lines = bare.run(folder, "diff", "--numstat", since, pull.head).splitlines()
    counts = ([int(count) if count.isdigit() else 0 for count in line.split("\t")[:2]] for line in lines)
    return [(added, removed) for added, removed in counts]


def full_pull(hub: Hub, repository: Repository, pull: PullRequest) -> Document:
    """Return a pull request as it is asked for by its number."""
    folder = repository.folder
    since = fork_point(repository, pull)
    counts = changed_lines(repository, pull)
    mergeable, state = (None, "unknown") if pull.state == "closed" else merge_state(repository, pull)
    return {
        **simple_pull(hub, repository, pull),
        "merged": pull.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": None if pull.merged_by is None else simple_user(hub, pull.merged_by),
        "comments": sum(comment.number == pull.number for comment in repository.comments.values()),
        "review_comments": 0,
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": int(bare.run(folder, "rev-list", "--count", f"{since}..{pull.head}")),
        "additions": sum(added for added, _ in counts),
        "deletions": sum(removed for _, removed in counts),
        "changed_files": len(counts),
    }


def payload_pull(hub: Hub, repository: Repository, pull: PullRequest) -> Document:
    """Return a pull request as webhooks have it."""
    document = full_pull(hub, repository, pull)
    for name, one in (("head", pull.head_repository), ("base", repository)):
        document[name] = {**document[name], "repo": pulled_repository(hub, one)}
    return document


def comment(hub: Hub, repository: Repository, one: Comment) -> Document:
    """Return a comment on a pull request."""
    url = f"{hub.api_url}/repos/{repository.full_name}/issues"
    return {
        "id": one.id,
        "node_id": node_id("IssueComment", one.id),
        "url": f"{url}/comments/{one.id}",
        "html_url": f"{hub.url}/{repository.full_name}/pull/{one.number}#issuecomment-{one.id}",
        "issue_url": f"{url}/{one.number}",
        "user": simple_user(hub, one.author),
        "body": one.body,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "author_association": association(hub, repository, one.author),
        "performed_via_github_app": None,
    }

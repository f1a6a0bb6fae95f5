"""Repositories as documents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fake_github.documents.accounts import node_id, simple_user
from fake_github.state import ROLES, Organisation

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Account, Document, Repository, Role

# The addresses of what hangs on a repository, below its own.
PLACES = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}
# What a new repository has, by the names of `PATCH /repos/{owner}/{repo}`.
DEFAULTS: dict[str, object] = {
    "description": None,
    "homepage": None,
    "private": False,
    "visibility": "public",
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_discussions": False,
    "is_template": False,
    "archived": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "allow_update_branch": False,
    "allow_forking": True,
    "delete_branch_on_merge": False,
    "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
    "merge_commit_title": "MERGE_MESSAGE",
    "merge_commit_message": "PR_TITLE",
    "use_squash_pr_title_as_default": False,
    "web_commit_signoff_required": False,
    "security_and_analysis": None,
}
# What only those see who may push or administer.
MERGES = {
    "allow_squash_merge",
    "allow_merge_commit",
    "allow_rebase_merge",
    "allow_auto_merge",
    "allow_update_branch",
    "delete_branch_on_merge",
    "squash_merge_commit_title",
    "squash_merge_commit_message",
    "merge_commit_title",
    "merge_commit_message",
    "use_squash_pr_title_as_default",
}
FOR_ADMINISTRATORS = MERGES | {"security_and_analysis"}


def permissions(role: Role | None) -> dict[str, bool]:
    """Return what a role allows, each permission with whether it is in it."""
    level = -1 if role is None else ROLES.index(role)
    return {name: ROLES.index(name) <= level for name in ROLES}


def repository(hub: Hub, one: Repository, viewer: Account | None = None) -> Document:
    """Return a repository as lists and payloads have it, as a user sees it."""
    role = None if viewer is None else hub.state.role(viewer, one)
    shown = {
        name: value
        for name, value in one.settings.items()
        if name not in FOR_ADMINISTRATORS or role in {"maintain", "admin"}
    }
    if shown.get("security_and_analysis", "") is None:
        del shown["security_and_analysis"]
    return {
        "id": one.id,
        "node_id": node_id("Repository", one.id),
        "name": one.name,
        "full_name": one.full_name,
        "owner": simple_user(hub, one.owner),
        **_addresses(hub, one),
        **shown,
        "default_branch": one.default_branch,
        "topics": one.topics,
        "fork": one.parent is not None,
        "has_pages": False,
        "has_downloads": True,
        "language": None,
        "license": None,
        "disabled": one.disabled,
        **_counts(hub, one),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "pushed_at": one.pushed_at,
        **({} if viewer is None else {"permissions": permissions(role)}),
    }


def _addresses(hub: Hub, one: Repository) -> Document:
    """Return where a repository is found, and what hangs on it."""
    url = f"{hub.api_url}/repos/{one.full_name}"
    return {
        "url": url,
        "html_url": f"{hub.url}/{one.full_name}",
        "clone_url": f"{hub.url}/{one.full_name}.git",
        "git_url": f"git://{hub.host}/{one.full_name}.git",
        "ssh_url": f"git@{hub.host}:{one.full_name}.git",
        "svn_url": f"{hub.url}/{one.full_name}",
        "mirror_url": one.mirror_url,
        **{name: f"{url}/{place}" for name, place in PLACES.items()},
    }


def _counts(hub: Hub, one: Repository) -> Document:
    """Return how much of everything a repository has."""
    forks = sum(other.parent is one for other in hub.state.repositories.values())
    pulls = sum(pull.state == "open" for pull in one.pulls.values())
    return {
        "forks": forks,
        "forks_count": forks,
        "open_issues": pulls,
        "open_issues_count": pulls,
        "size": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
    }


def full_repository(hub: Hub, one: Repository, viewer: Account | None) -> Document:
    """Return a repository as it is asked for by its name."""
    document = repository(hub, one, viewer) | {"network_count": 0, "subscribers_count": 0}
    organisation = hub.state.organisation(one.owner.login)
    if organisation is not None:
        document["organization"] = simple_user(hub, organisation)
        document["custom_properties"] = {}
    if one.parent is not None:
        document["parent"] = document["source"] = repository(hub, one.parent)
    return document


def payload_repository(hub: Hub, one: Repository) -> Document:
    """Return a repository as the payloads of webhooks have it."""
    return {**repository(hub, one), "custom_properties": {}}


def pulled_repository(hub: Hub, one: Repository) -> Document:
    """Return a repository as the ends of a pull request in a webhook have it: with its merge settings."""
    return payload_repository(hub, one) | {name: one.settings[name] for name in MERGES}


def pushed_repository(hub: Hub, one: Repository) -> Document:
    """Return a repository as the payload of a push has it: in an older form than those of all other webhooks.

    Octokit publishes recorded payloads: https://github.com/octokit/webhooks/tree/main/payload-examples
    """
    document = payload_repository(hub, one)
    moments = {name: int(datetime.fromisoformat(document[name]).timestamp()) for name in ("created_at", "pushed_at")}
    whose = {"name": one.owner.login, "email": None if isinstance(one.owner, Organisation) else one.owner.email}
    return {
        **document,
        **moments,
        "owner": {**document["owner"], **whose},
        "url": f"{hub.url}/{one.full_name}",
        "master_branch": one.default_branch,
        "stargazers": 0,
        **({"organization": one.owner.login} if isinstance(one.owner, Organisation) else {}),
    }

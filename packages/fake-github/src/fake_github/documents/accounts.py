"""Users, organisations and teams as documents."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Account, Document, Organisation, Team


def node_id(kind: str, number: int) -> str:
    """Return the id that GitHub's other API would use."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def simple_user(hub: Hub, account: Account) -> Document:
    """Return an account as it stands beside what it made or owns."""
    url = f"{hub.api_url}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.kind, account.id),
        "avatar_url": f"{hub.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{hub.url}/{account.login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": account.kind,
        "site_admin": False,
    }


def public_user(hub: Hub, account: Account) -> Document:
    """Return an account as everybody sees it."""
    owned = [one for one in hub.state.repositories.values() if one.owner is account]
    return {
        **simple_user(hub, account),
        "user_view_type": "public",
        "name": account.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": sum(not one.private for one in owned),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": account.created_at,
        "updated_at": account.created_at,
    }


def private_user(hub: Hub, account: Account) -> Document:
    """Return a user as that user itself sees it."""
    owned = [one for one in hub.state.repositories.values() if one.owner is account and one.private]
    return {
        **public_user(hub, account),
        "user_view_type": "private",
        "email": account.email,
        "private_gists": 0,
        "total_private_repos": len(owned),
        "owned_private_repos": len(owned),
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": True,
        "plan": {"name": "free", "space": 976562499, "collaborators": 0, "private_repos": 10000},
    }


def simple_organisation(hub: Hub, organisation: Organisation) -> Document:
    """Return an organisation as it stands beside its members."""
    url = f"{hub.api_url}/orgs/{organisation.login}"
    return {
        "login": organisation.login,
        "id": organisation.id,
        "node_id": node_id("Organization", organisation.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{hub.url}/avatars/{organisation.id}",
        "description": organisation.name,
    }


def full_organisation(hub: Hub, organisation: Organisation, *, owner: bool) -> Document:
    """Return an organisation; its plan and what its members may do are shown to its owners.

    Their token needs `admin:org`: https://docs.github.com/en/rest/orgs/orgs#get-an-organization
    """
    document = {
        **simple_organisation(hub, organisation),
        "name": organisation.name or organisation.login,
        "html_url": f"{hub.url}/{organisation.login}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        "is_verified": False,
        "public_repos": sum(one.owner is organisation and not one.private for one in hub.state.repositories.values()),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": organisation.created_at,
        "updated_at": organisation.created_at,
        "archived_at": None,
    }
    return document | _for_owners(hub, organisation) if owner else document


def _for_owners(hub: Hub, organisation: Organisation) -> Document:
    """Return what an organisation shows to its owners alone."""
    seats = len(organisation.members)
    private = sum(one.owner is organisation and one.private for one in hub.state.repositories.values())
    return {
        "plan": {
            "name": organisation.plan,
            "space": 976562499,
            "private_repos": 999999,
            "filled_seats": seats,
            "seats": seats,
        },
        "default_repository_permission": "none" if organisation.base_role is None else "read",
        "members_can_create_repositories": organisation.members_create,
        "members_can_create_private_repositories": organisation.members_create,
        "members_can_create_internal_repositories": organisation.members_create and organisation.in_enterprise,
        "members_can_create_public_repositories": organisation.members_create,
        "members_allowed_repository_creation_type": "all" if organisation.members_create else "none",
        "members_can_create_pages": True,
        "members_can_create_public_pages": True,
        "members_can_create_private_pages": True,
        "members_can_fork_private_repositories": False,
        "web_commit_signoff_required": False,
        "two_factor_requirement_enabled": True,
        "billing_email": f"billing@{organisation.login.lower()}.example.com",
        "collaborators": 0,
        "disk_usage": 0,
        "owned_private_repos": private,
        "total_private_repos": private,
        "private_gists": 0,
    }


def membership(hub: Hub, organisation: Organisation, account: Account) -> Document:
    """Return what an account is in an organisation."""
    return {
        "url": f"{hub.api_url}/orgs/{organisation.login}/memberships/{account.login}",
        "state": "active",
        "role": organisation.members[account.login],
        "organization_url": f"{hub.api_url}/orgs/{organisation.login}",
        "organization": simple_organisation(hub, organisation),
        "user": simple_user(hub, account),
        "direct_membership": True,
    }


def team(hub: Hub, organisation: Organisation, one: Team) -> Document:
    """Return a team."""
    url = f"{hub.api_url}/organizations/{organisation.id}/team/{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("Team", one.id),
        "name": one.slug,
        "slug": one.slug,
        "description": "",
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "type": "organization",
        "organization_id": organisation.id,
        "url": url,
        "html_url": f"{hub.url}/orgs/{organisation.login}/teams/{one.slug}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "parent": None,
    }


def full_team(hub: Hub, organisation: Organisation, one: Team) -> Document:
    """Return a team with its organisation and its sizes."""
    return {
        **team(hub, organisation, one),
        "created_at": one.created_at,
        "updated_at": one.created_at,
        "members_count": len(one.members),
        "repos_count": len(one.repositories),
        "organization": full_organisation(hub, organisation, owner=False),
    }

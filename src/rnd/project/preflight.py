"""Checks whether a repository can be created on GitHub, before anything is created. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.errors import GitHubRefused, NameProtected, NotPermitted, PlanLacks, TeamMissing
from rnd.github.permissions import examine
from rnd.github.settings.ruleset import ROLES

if TYPE_CHECKING:
    from rnd.github.client import Client
    from rnd.github.permissions import Permissions
    from rnd.github.settings.setting import RepositoryContext
    from rnd.organisation.github import GitHub
    from rnd.project.remote import Remote


def check_name(name: str, policy: GitHub) -> None:
    """Check a repository name against the protected names, without GitHub.

    Raises:
        NameProtected: org.yml reserves the name.
    """
    if name in policy.protected_names:
        raise NameProtected(f"org.yml reserves the name {name} (github.protected_names).")


def check_remote(remote: Remote) -> None:
    """Check everything that could prevent the creation.

    Raises:
        NameTaken: A repository with that name exists and belongs to another project.
        NotPermitted: The token or its user lacks a required permission.
        TeamMissing: org.yml names a team that the organisation does not have.
        PlanLacks: The organisation's plan does not support the visibility, or rulesets for it.
        SignInNeeded: The token is not valid.
        GitHubUnavailable: GitHub could not be reached.
    """
    context = remote.context
    found = examine(context.client, context.config.owner)
    _check_enterprise(context, found)
    if found.missing:
        remedies = [context.client.renewal] if found.lacking else []
        if len(found.missing) > len(found.lacking):
            remedies.append(NotPermitted.hint)
        raise NotPermitted("\n".join(found.missing), " ".join(remedies))
    _check_plan(context, found)
    _check_teams(context)
    remote.look()


def _check_enterprise(context: RepositoryContext, found: Permissions) -> None:
    """Reject internal repositories outside an enterprise."""
    if context.config.repository.visibility == "internal" and found.plan not in {None, "enterprise"}:
        raise PlanLacks(
            f"{context.config.owner} has GitHub's {found.plan} plan and does not belong to an enterprise, so it cannot "
            "have internal repositories.",
            "Set `github.repository.visibility` in org.yml to private or public.",
        )


def _check_plan(context: RepositoryContext, found: Permissions) -> None:
    """Reject a plan without rulesets; only owners can see it, so others probe an existing repository.

    Without a repository to probe, the ruleset is the first thing that is created in the new one.
    """
    if context.config.repository.visibility == "public":
        return
    if found.plan == "free":
        raise PlanLacks(f"{context.config.owner} has GitHub's free plan, where private repositories have no rulesets.")
    if found.plan is None and (other := _private_repository(context.client, context.config.owner)):
        try:
            context.client.read(lambda kit: kit.rest.repos.get_repo_rulesets(context.config.owner, other))
        except PlanLacks:
            raise
        except GitHubRefused:
            return  # no conclusion about the plan is possible


def _private_repository(client: Client, owner: str) -> str | None:
    listed = client.read(lambda kit: kit.rest.repos.list_for_org(owner, type="private", per_page=1))
    return listed[0]["name"] if listed and listed[0]["private"] else None


def _check_teams(context: RepositoryContext) -> None:
    owner = context.config.owner
    bypass = [name for name in context.config.repository.main.bypass if name not in ROLES]
    named = dict.fromkeys((*context.config.teams, *bypass))
    missing = [
        team
        for team in named
        if context.client.get_or_none(lambda kit, team=team: kit.rest.teams.get_by_name(owner, team)) is None
    ]
    if missing:
        raise TeamMissing(f"org.yml names the team {', '.join(missing)}, which {owner} does not have.")

"""What would keep a repository from being made on GitHub, found before anything is made. Reads, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.errors import GitHubRefused, NameProtected, NotPermitted, NotThere, PlanLacks, TeamMissing
from rnd.github.permissions import examine
from rnd.github.settings.ruleset import ROLES

if TYPE_CHECKING:
    from rnd.github.client import Client
    from rnd.github.permissions import Permissions
    from rnd.github.settings.setting import RepositoryContext
    from rnd.organisation.github import GitHub
    from rnd.project.remote import Remote


def check_name(name: str, policy: GitHub) -> None:
    """Look whether a project may have a repository of some name at all, which takes no GitHub.

    Raises:
        NameProtected: org.yml keeps the name from projects.
    """
    if name in policy.protected_names:
        raise NameProtected(f"org.yml keeps the name {name} from projects (github.protected_names).")


def check_remote(remote: Remote) -> None:
    """Look for everything that can be known to stand in the way.

    Raises:
        NameTaken: There is a repository of that name, and it is not this project's.
        NotPermitted: The token, or whoever it speaks for, may not do what is needed.
        TeamMissing: org.yml names a team that the organisation does not have.
        PlanLacks: The organisation's plan has no such repository, or no rulesets for it.
        SignInNeeded: The token is not valid.
        GitHubUnavailable: GitHub could not be reached.
    """
    context = remote.context
    found = examine(context.client, context.config.owner)
    _check_enterprise(context, found)
    faults = [*found.missing, *_may_not_create(context, found)]
    if faults:
        remedies = [context.client.renewal] if found.lacking else []
        if len(faults) > len(found.lacking):
            remedies.append(NotPermitted.hint)
        raise NotPermitted("\n".join(faults), " ".join(remedies))
    _check_plan(context, found)
    _check_teams(context)
    remote.look()


def _check_enterprise(context: RepositoryContext, found: Permissions) -> None:
    """Refuse internal repositories where no enterprise is: its organisations alone have that plan."""
    if context.config.repository.visibility == "internal" and found.plan not in {None, "enterprise"}:
        raise PlanLacks(
            f"{context.config.owner} has GitHub's plan {found.plan}, and no enterprise owns it: there are no internal "
            "repositories.",
            "Choose private or public: `github.repository.visibility` in org.yml.",
        )


def _may_not_create(context: RepositoryContext, found: Permissions) -> list[str]:
    kind = context.config.repository.visibility
    if found.is_owner or found.may_create.get(kind, True):
        return []
    owner = context.config.owner
    return [f"Members of {owner} may not create {kind} repositories, and {found.login} is no owner of it."]


def _check_plan(context: RepositoryContext, found: Permissions) -> None:
    """Refuse a plan without rulesets; who is no owner does not see the plan, but what another repository lacks."""
    if context.config.repository.visibility == "public":
        return
    if found.plan == "free":
        raise PlanLacks(f"{context.config.owner} has GitHub's free plan, where private repositories have no rulesets.")
    if found.plan is None and (other := _private_repository(context.client, context.config.owner)):
        try:
            context.client.read(lambda kit: kit.rest.repos.get_repo_rulesets(context.config.owner, other))
        except PlanLacks:
            raise
        except (GitHubRefused, NotThere):
            return  # it says nothing of the plan


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
        if context.client.get_or_none(lambda kit, team=team: kit.rest.teams.get_by_name(owner, team)) is None  # type: ignore[misc]
    ]
    if missing:
        raise TeamMissing(f"org.yml names {', '.join(missing)}, and {owner} has no such team.")

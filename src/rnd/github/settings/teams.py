"""The permissions of teams. Teams and people that org.yml does not list keep theirs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rnd.github.client import PAGE
from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext


def team_access(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return one setting for each team."""
    owner, name = context.repository

    def read() -> Values:
        return found_values(
            context.paginate(lambda kit, page: kit.rest.repos.list_teams(owner, name, per_page=PAGE, page=page))
        )

    def grant(team: str, permission: str) -> None:
        context.client.send(
            lambda kit: kit.rest.teams.add_or_update_repo_permissions_in_org(
                owner, team, owner, name, permission=permission
            )
        )

    return tuple(
        Setting(
            f"team-{team}",
            f"Grant access to the team {team}",
            wanted_values({team: permission}),
            read,
            partial(grant, team, permission),
        )
        for team, permission in context.config.teams.items()
    )


def wanted_values(teams: Mapping[str, str]) -> Values:
    """Return the permission of each team in org.yml."""
    return {f"teams.{team}": permission for team, permission in teams.items()}


def found_values(listed: Sequence[Document]) -> Values:
    """Return the permission of each team on GitHub."""
    return {f"teams.{team['slug']}": team["permission"] for team in listed}

"""The settings that GitHub's GraphQL API does not have, read for one repository with three requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.actions import actions_access, workflow_token
from rnd.github.settings.environment import branch_policies, publishing_environment

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import RepositoryContext


def read(context: RepositoryContext, *, has_environment: bool) -> Values:
    """Return the permissions of the workflow token, who can use the actions, and the branches of the environment.

    Args:
        context: The repository.
        has_environment: Whether the environment exists; without it, its branches are not read.

    Raises:
        RndError: GitHub refused, or could not be reached.
    """
    shared = actions_access(context).read() if context.config.repository.visibility != "public" else {}
    return {**workflow_token(context).read(), **shared, **(_branches(context) if has_environment else {})}


def _branches(context: RepositoryContext) -> Values:
    policies = branch_policies(context)
    if not policies:  # also the answer for an environment that all branches can use
        return {"environment.branches": publishing_environment(context).read().get("environment.branches")}
    names = (f"{one['name']} (a tag)" if one.get("type") == "tag" else one["name"] for one in policies)
    return {"environment.branches": tuple(sorted(names))}

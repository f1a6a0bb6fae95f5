"""All settings of a repository, in the order in which they are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.default_branch import default_branch
from rnd.github.settings.endpoints import own_settings
from rnd.github.settings.joined import once_proven
from rnd.github.settings.refs import ref_rules
from rnd.github.settings.repository import repository_fields
from rnd.github.settings.ruleset import branch_ruleset
from rnd.github.settings.teams import team_access
from rnd.github.settings.topics import topics
from rnd.plan import Plan

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext, Setting


def all_settings(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return all settings, in the order in which they are applied."""
    protection = once_proven(context, branch_ruleset(context))
    return (*before_content(context), *team_access(context), default_branch(context), protection)


def guards(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return the settings without which a job or a writer could do more than they should; org.yml does not set them."""
    return (*own_settings(context, guard=True), *ref_rules(context))


def before_content(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return the settings that are applied before the first commit is pushed."""
    return (repository_fields(context), topics(context), *own_settings(context, guard=False))


def settings_and_guards(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return everything that `rnd github check` compares, in the order in which it is applied.

    The protection of `main` is the last one: it may have to wait.
    """
    *settings, protection = all_settings(context)
    return (*settings, *guards(context), protection)


def plan_apply(context: RepositoryContext) -> Plan:
    """Return the plan that applies all settings."""
    steps = tuple(setting.step() for setting in settings_and_guards(context))
    return Plan(f"apply org.yml to {context.repository}", steps)

"""GitHub Actions: the permissions of workflows, and who can use the repository's actions.

See https://docs.github.com/en/rest/actions/permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.errors import GitHubRefused
from rnd.github.settings.joined import has_joined
from rnd.github.settings.setting import Endpoint, Setting

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import Actions


def workflow_token(context: RepositoryContext) -> Setting:
    """Return the setting for the default permissions of GITHUB_TOKEN."""
    actions = context.config.repository.actions

    def read() -> Values:
        return found_token(
            context.client.read(
                lambda kit: kit.rest.actions.get_github_actions_default_workflow_permissions_repository(
                    *context.repository
                )
            )
        )

    def apply() -> None:
        context.client.send(
            lambda kit: kit.rest.actions.set_github_actions_default_workflow_permissions_repository(
                *context.repository,
                default_workflow_permissions=actions.token,
                can_approve_pull_request_reviews=actions.approve_pull_requests,
            )
        )

    return Setting("workflow-token", "Limit the permissions of workflows", wanted_token(actions), read, apply)


def wanted_token(actions: Actions) -> Values:
    """Return the permissions in org.yml."""
    return {"actions.token": actions.token, "actions.approve_pull_requests": actions.approve_pull_requests}


def found_token(permissions: Document) -> Values:
    """Return the permissions on GitHub."""
    return {
        "actions.token": permissions["default_workflow_permissions"],
        "actions.approve_pull_requests": permissions["can_approve_pull_request_reviews"],
    }


def actions_access(context: RepositoryContext) -> Setting:
    """Return the setting for who can use the actions of a private or internal repository.

    The template's own repository shares its actions: every pipeline calls them.
    """
    level = "organization" if context.central_ref else context.config.repository.actions.shared_with

    def read() -> Values:
        try:
            found = context.client.read(
                lambda kit: kit.rest.actions.get_workflow_access_to_repository(*context.repository)
            )
        except GitHubRefused as refused:
            if refused.status != 422:  # the repository is public, so everyone can use its actions
                raise
            # A repository that existed before stays public; any other one becomes private first.
            return {"actions.shared_with": level} if has_joined(context) else {}
        return {"actions.shared_with": found["access_level"]}

    def apply() -> None:
        context.client.send(
            lambda kit: kit.rest.actions.set_workflow_access_to_repository(*context.repository, access_level=level)
        )

    return Setting(
        "actions-access", "Set who can use the repository's actions", {"actions.shared_with": level}, read, apply
    )


ENDPOINTS = (
    Endpoint(("actions.token", "actions.approve_pull_requests"), workflow_token),
    Endpoint(("actions.shared_with",), actions_access, of_public=False),  # everyone can use those of a public one
)

"""Pull requests from forks: what their workflows can do. See https://docs.github.com/en/rest/actions/permissions.

A public repository has no such settings: GitHub gives workflows of its forks neither write permissions nor secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.github.errors import GitHubRefused
from rnd.github.settings.setting import Endpoint, Setting

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext

WANTED: Values = {"forks.write_tokens": False, "forks.secrets": False}


def fork_workflows(context: RepositoryContext) -> Setting:
    """Return the setting for the workflows of pull requests from forks of a private or internal repository.

    The OIDC token of such a workflow looks like one of the repository itself. It must not get one, and does not without
    write permissions.
    """

    def read() -> Values:
        found = _fork_settings(context)
        return WANTED if found is None else found_forks(found)

    def apply() -> None:
        limited = {"send_write_tokens_to_workflows": False, "send_secrets_and_variables": False}
        body: Any = {**(_fork_settings(context) or {}), **limited}
        context.client.send(
            lambda kit: kit.rest.actions.set_private_repo_fork_pr_workflows_settings_repository(
                *context.repository, data=body
            )
        )

    return Setting("fork-workflows", "Give workflows of forks no secrets", WANTED, read, apply)


def found_forks(document: Document) -> Values:
    """Return what workflows of forks can do."""
    return {
        "forks.write_tokens": document["send_write_tokens_to_workflows"],
        "forks.secrets": document["send_secrets_and_variables"],
    }


def _fork_settings(context: RepositoryContext) -> Document | None:
    """Return what workflows of forks can do, or None if the repository is public: then it is not a setting."""
    try:
        return context.client.read(
            lambda kit: kit.rest.actions.get_private_repo_fork_pr_workflows_settings_repository(*context.repository)
        )
    except GitHubRefused as refused:
        if context.document()["visibility"] != "public":
            raise refused
        return None


ENDPOINTS = (Endpoint(tuple(WANTED), fork_workflows, guard=True, of_public=False),)

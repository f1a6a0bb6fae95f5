"""The default branch. GitHub accepts only a branch that exists, so one with another name is renamed.

A rename keeps open pull requests: https://docs.github.com/en/rest/branches/branches#rename-a-branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext

BRANCH = "main"


def default_branch(context: RepositoryContext) -> Setting:
    """Return the setting for the default branch."""
    client, repository = context.client, context.repository

    def read() -> str:
        return str(context.document()["default_branch"])

    def apply() -> None:
        if client.get_or_none(lambda kit: kit.rest.git.get_ref(*repository, f"heads/{BRANCH}")) is not None:
            client.send(lambda kit: kit.rest.repos.update(*repository, default_branch=BRANCH))
            return
        old = read()
        client.create_once(
            lambda: client.get_or_none(lambda kit: kit.rest.git.get_ref(*repository, f"heads/{BRANCH}")),
            lambda kit: kit.rest.repos.rename_branch(*repository, old, new_name=BRANCH),
        )

    title = f"Make {BRANCH} the default branch"
    return Setting("default-branch", title, {"default_branch": BRANCH}, lambda: {"default_branch": read()}, apply)

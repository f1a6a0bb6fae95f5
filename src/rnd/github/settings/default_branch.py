"""The default branch. GitHub accepts only a branch that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext

BRANCH = "main"


def default_branch(context: RepositoryContext) -> Setting:
    """Return the setting for the default branch."""
    return Setting(
        "default-branch",
        f"Make {BRANCH} the default branch",
        {"default_branch": BRANCH},
        lambda: {"default_branch": context.document()["default_branch"]},
        lambda: context.client.send(lambda kit: kit.rest.repos.update(*context.repository, default_branch=BRANCH)),
    )

"""The topics of a repository. Topics that org.yml does not list stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import Settings


def topics(context: RepositoryContext) -> Setting:
    """Return the setting for the topics."""
    config = context.config.repository

    def add() -> None:
        names = sorted({*context.document().get("topics", ()), *config.topics})
        context.client.send(lambda kit: kit.rest.repos.replace_all_topics(*context.repository, data={"names": names}))

    return Setting(
        "topics", "Set the topics", wanted_values(config), lambda: found_values(context.document(), config), add
    )


def wanted_values(settings: Settings) -> Values:
    """Return the topics in org.yml."""
    return {"topics": tuple(sorted(settings.topics))}


def found_values(repository: Document, settings: Settings) -> Values:
    """Return the topics in org.yml that are set on GitHub."""
    return {"topics": tuple(sorted(set(repository.get("topics", ())) & set(settings.topics)))}

"""The step that creates the repository of an image in a registry that does not create it on push."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from rnd.publish.target import Target


def repository_steps(target: Target) -> list[Step]:
    """Return the step by which the repository exists, its versions are immutable, and only the floating tags may move.

    There is none for a registry in which a push creates the repository.
    """
    provider = target.provider
    if provider.creates_on_push:
        return []

    def observe() -> State:
        there = provider.has_repository(target.name, target.tag, target.moving)
        return done(target.name) if there else needed(f"{target.name} is not there")

    create = partial(provider.create_repository, target.name, target.moving)
    text = f"create {target.name}, its versions immutable, scanned on push"
    return [Step("create-repository", "Create the image repository", observe, (Action(text, create),))]

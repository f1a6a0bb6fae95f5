"""The step that creates the repository of an image in ECR, which does not create it on push."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rnd.plan import Action, State, Step, done, needed
from rnd.providers import ecr

if TYPE_CHECKING:
    from rnd.organisation import Aws
    from rnd.publish.target import Target


def repository_step(target: Target, account: Aws) -> Step:
    """The repository exists, its versions are immutable, and exactly the floating tags may move."""

    def observe() -> State:
        there = ecr.has_ecr_repository(account, target.name, target.tag, target.moving, target.credentials)
        return done(target.name) if there else needed(f"{target.name} is not there")

    create = partial(ecr.create_ecr_repository, account, target.name, target.moving, target.credentials)
    text = f"create {target.name}, its versions immutable, scanned on push"
    return Step("create-repository", "Create the image repository", observe, (Action(text, create),))

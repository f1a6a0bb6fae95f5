"""Tags that follow the latest release, such as `stable`: they move to an image, and only forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from rnd.errors import StepFailed
from rnd.plan import Action, State, Step, done, needed
from rnd.publish.target import version_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.publish.registry import Image
    from rnd.publish.target import Target

VERSION = "org.opencontainers.image.version"


def move_step(target: Target, version: str, find: Callable[[], Image | None], tag: str) -> Step:
    """Move a tag to the image of a release, unless it is at a later one.

    An image's version label counts only if the registry has the same image under that version.

    Args:
        target: Where the image is.
        version: The version of the release.
        find: Returns its image, or None if it is not there yet.
        tag: The tag.
    """

    def observe() -> State:
        there = target.registry.look(target.name, tag)
        if there is None:
            return needed("it is not there")
        image = find()
        if image is not None and there.digest == image.digest:
            return done(f"{image.digest[:19]}…")
        labelled = there.labels.get(VERSION, "")
        return (
            done(f"it is at {labelled}")
            if is_later(labelled, version) and find_digest(target, version_tag(labelled)) == there.digest
            else needed(f"it is at {labelled or there.digest}")
        )

    def move() -> None:
        image = find()
        if image is None:
            raise StepFailed(f"{target.called(target.tag)} is not there any more.")
        target.registry.tag(target.name, image, tag)

    return Step(f"move-{tag}", f"Move the tag {tag}", observe, (Action(f"let {tag} name {target.tag}", move),))


def find_digest(target: Target, tag: str) -> str | None:
    """Return the digest of a tag, or None if it does not exist."""
    image = target.registry.look(target.name, tag)
    return image.digest if image else None


def is_later(version: str, than: str) -> bool:
    """Return whether a version is later than another; False for an invalid version."""
    try:
        return Version(version) > Version(than)
    except InvalidVersion:
        return False

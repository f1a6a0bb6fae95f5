"""Plan the promotion of an image: from the repository of candidates, by digest, to the repository of releases.

Nothing is rebuilt. Layers are mounted or copied and manifests are repeated byte for byte, so the digest stays the same.
What the release repository already has under the version is accepted only if it has this digest: whatever an image says
of itself, such as a label, is not evidence. Floating tags come last, and only move forward.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rnd.errors import RndError, UsageError
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.publish.errors import DigestMismatch, ImageInvalid, ImageMissing
from rnd.publish.floating import VERSION, move_step
from rnd.publish.manifests import DIGEST, read_parts
from rnd.publish.registry import INDEXES
from rnd.publish.repositories import repository_steps
from rnd.publish.target import CANDIDATES, Target, find_registry, find_tags, is_development, is_release, version_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller
    from rnd.publish.registry import Image

SOURCE = re.compile(rf"{CANDIDATES}(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*)@(?P<digest>{DIGEST.pattern})")


@dataclass(frozen=True)
class Promotion:
    """An image, and where it is promoted to.

    Attributes:
        target: The release repository, the tag of the version, and the floating tags.
        source: The repository of candidates.
        digest: Of the image there.
        version: Of the package in the image.
    """

    target: Target
    source: str
    digest: str
    version: str


def find_promotion(
    registry: str | None,
    source: str,
    version: str,
    tags: Sequence[str] | None,
    organisation: Organisation,
    caller: Caller,
) -> Promotion:
    """Return what is promoted, and where to.

    Args:
        registry: Its address, `HOST` or `HOST/PATH`; the organisation's own when left out.
        source: The image, as `candidate/PACKAGE@sha256:…` in that registry.
        version: The version of the package in it.
        tags: The floating tags; the default ones when left out.
        organisation: Whose registry it is by default.
        caller: Who promotes it.

    Raises:
        UsageError: An argument is invalid, or the version is a development version.
        RndError: As `find_registry` has it.
    """
    found = SOURCE.fullmatch(source)
    if found is None:
        raise UsageError(f"{source} is not an image of a candidate: --from takes {CANDIDATES}PACKAGE@sha256:DIGEST.")
    tag = version_tag(version)
    if is_development(version):
        raise UsageError(f"{version} is a development version, which is never promoted.")
    client, path, provider = find_registry(organisation, caller, registry)
    moving = find_tags(tags, provider)
    target = Target(client, f"{path}{found['name']}", tag, moving, provider, is_release(version))
    return Promotion(target, f"{path}{CANDIDATES}{found['name']}", found["digest"], version)


def plan_promotion(promotion: Promotion) -> Plan:
    """Return the plan that promotes an image."""
    target = promotion.target
    steps = [*repository_steps(target), copy_step(promotion)]
    if target.follows:
        find = partial(promoted, promotion)
        steps += [move_step(target, promotion.version, find, tag) for tag in target.moving]
    return Plan(f"promote {promotion.source}@{promotion.digest[:19]}… to {target.called(target.tag)}", tuple(steps))


def copy_step(promotion: Promotion) -> Step:
    """The release repository has the image under its version."""
    target = promotion.target

    def observe() -> State:
        image = promoted(promotion)
        if image is not None:
            return done(f"{target.tag}, {image.digest[:19]}…")
        find_candidate(promotion)
        return needed(f"{target.tag} is not there")

    text = f"copy {promotion.source}@{promotion.digest} to {target.called(target.tag)}"
    return Step("promote-image", "Copy the image by its digest", observe, (Action(text, partial(copy, promotion)),))


def promoted(promotion: Promotion) -> Image | None:
    """Return the image that the release repository has under the version, or None.

    Raises:
        DigestMismatch: It has another digest.
    """
    target = promotion.target
    image = target.registry.look(target.name, target.tag)
    if image is not None and image.digest != promotion.digest:
        raise DigestMismatch(
            f"{target.called(target.tag)} is {image.digest}, and the image to promote is {promotion.digest}."
        )
    return image


def find_candidate(promotion: Promotion) -> Image:
    """Return the image to promote.

    Raises:
        ImageMissing: The repository of candidates does not have it.
        ImageInvalid: It is not an image of the version.
    """
    registry = promotion.target.registry
    image = registry.look(promotion.source, promotion.digest)
    if image is None:
        raise ImageMissing(f"{registry.host}/{promotion.source} has no image {promotion.digest}.")
    if (labelled := image.labels.get(VERSION)) != promotion.version:
        raise ImageInvalid(f"{promotion.source}@{promotion.digest} is of {labelled or 'no version'}, not of "
                           f"{promotion.version}.")  # fmt: skip
    return image


def copy(promotion: Promotion) -> None:
    """Copy the image and let the version's tag name it, unless another run has done so in the meantime."""
    target, image = promotion.target, find_candidate(promotion)
    _copy_parts(promotion, image)
    try:
        target.registry.tag(target.name, image, target.tag)
    except RndError:
        if promoted(promotion) is None:
            raise


def _copy_parts(promotion: Promotion, image: Image) -> None:
    """Copy what a manifest refers to: a registry accepts it only after its parts."""
    target, parts = promotion.target, read_parts(image)
    for one in dict.fromkeys(parts.manifests):
        part = target.registry.fetch(promotion.source, one.digest)
        if part is None:
            raise ImageMissing(f"{target.registry.host}/{promotion.source} has no image {one.digest}.")
        if part.media_type in INDEXES or len(part.manifest) != one.size:
            raise ImageInvalid(f"{one.digest} in {image.digest} is an index, or not of {one.size} bytes.")
        _copy_parts(promotion, part)
        target.registry.tag(target.name, part, one.digest)
    for blob in dict.fromkeys(parts.blobs):
        target.registry.copy_blob(promotion.source, target.name, blob)

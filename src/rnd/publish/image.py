"""Plan the publication of an image: the tags that are missing in a registry, and the steps that push them.

Image builds are not reproducible byte for byte, so an image has a label with the digest of its inputs. If the registry
has the same digest under the version, the step is done; another digest is refused. Floating tags come last, each in its
own step, and only move forward.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from rnd import aws
from rnd.errors import RndError, StepFailed
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.publish.containers import build_and_push
from rnd.publish.errors import DigestMismatch, RegistryUnavailable
from rnd.publish.target import version_tag
from rnd.retry import retry

if TYPE_CHECKING:
    from rnd.organisation import Aws
    from rnd.publish.inputs import Inputs
    from rnd.publish.registry import Image
    from rnd.publish.target import Build, Target

INPUTS = "rnd.inputs"
VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"


def plan_image(target: Target, build: Build) -> Plan:
    """Return the plan that publishes an image to a registry."""
    steps = [push_step(target, build)]
    if target.follows:
        steps += [move_step(target, build.inputs, tag) for tag in target.moving]
    if target.ecr:
        steps.insert(0, repository_step(target, target.ecr))
    return Plan(f"publish the image {target.called(target.tag)}", tuple(steps))


def repository_step(target: Target, account: Aws) -> Step:
    """Create the repository of the image; ECR does not create it on push."""

    def observe() -> State:
        there = aws.has_ecr_repository(account, target.name, target.tag)
        return done(target.name) if there else needed(f"{target.name} is not there")

    create = partial(aws.create_ecr_repository, account, target.name, target.moving)
    return Step(
        "create-repository",
        "Create the image repository",
        observe,
        (Action(f"create {target.name}, its versions immutable, scanned on push", create),),
    )


def push_step(target: Target, build: Build) -> Step:
    """The registry has the image under its version."""

    def observe() -> State:
        image = look(target, build.inputs)
        return done(f"{target.tag}, {image.digest[:19]}…") if image else needed(f"{target.tag} is not there")

    push = partial(retry, partial(push_once, target, build), RegistryUnavailable)
    text = f"build and push {target.called(target.tag)}"
    return Step("push-image", "Build and push the image", observe, (Action(text, push),))


def look(target: Target, inputs: Inputs) -> Image | None:
    """Return the image that the registry has under the version, or None.

    Raises:
        DigestMismatch: It was built from other inputs.
    """
    image = target.registry.look(target.name, target.tag)
    if image is not None and image.labels.get(INPUTS) != inputs.digest:
        made_from = image.labels.get(INPUTS) or f"nothing that it tells (it is {image.digest})"
        raise DigestMismatch(
            f"{target.called(target.tag)} was made from {made_from}, and here it would be from {inputs.digest}."
        )
    return image


def find_digest(target: Target, tag: str) -> str | None:
    """Return the digest of a tag, or None if it does not exist."""
    image = target.registry.look(target.name, tag)
    return image.digest if image else None


def push_once(target: Target, build: Build) -> None:
    """Build the image and push it under its version, unless another run has pushed it in the meantime."""
    inputs = build.inputs
    labels = {INPUTS: inputs.digest, VERSION: inputs.version, REVISION: inputs.revision}
    arguments = [
        *("--push", f"--tag={target.called(target.tag)}", f"--version={inputs.version}"),
        *(f"--sha256={digest}" for digest in sorted(inputs.wheels.values())),
        *(f"--label={name}={value}" for name, value in labels.items()),
        *build.arguments,
    ]
    try:
        build_and_push(build.root, arguments, target.registry, build.variables)
    except RndError:
        if look(target, inputs) is None:
            raise


def move_step(target: Target, inputs: Inputs, tag: str) -> Step:
    """Move a tag to the image of this release, unless it is at a later one.

    An image's version label counts only if the registry has the same image under that version.
    """

    def observe() -> State:
        there = target.registry.look(target.name, tag)
        if there is None:
            return needed("it is not there")
        image = look(target, inputs)
        if image is not None and there.digest == image.digest:
            return done(f"{image.digest[:19]}…")
        version = there.labels.get(VERSION, "")
        return (
            done(f"it is at {version}")
            if is_later(version, inputs.version) and find_digest(target, version_tag(version)) == there.digest
            else needed(f"it is at {version or there.digest}")
        )

    def move() -> None:
        image = look(target, inputs)
        if image is None:
            raise StepFailed(f"{target.called(target.tag)} is not there any more.")
        target.registry.tag(target.name, image, tag)

    return Step(f"move-{tag}", f"Move the tag {tag}", observe, (Action(f"let {tag} name {target.tag}", move),))


def is_later(version: str, than: str) -> bool:
    """Return whether a version is later than another; False for an invalid version."""
    try:
        return Version(version) > Version(than)
    except InvalidVersion:
        return False

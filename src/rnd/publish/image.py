"""The image in a registry: which of its tags are missing there, and how they get there. Touches nothing by itself.

An image is never the same twice, byte for byte, so it carries a label with the digest of what it was made from, and
that is compared: the same is done, another under the same version is refused. The tags that move come last, each in a
step of its own, and only ever forward.
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
    """Return the plan that brings an image to a registry."""
    steps = [push_step(target, build)]
    if target.follows:
        steps += [move_step(target, build.inputs, tag) for tag in target.moving]
    if target.ecr:
        steps.insert(0, repository_step(target, target.ecr))
    return Plan(f"publish the image {target.called(target.tag)}", tuple(steps))


def repository_step(target: Target, account: Aws) -> Step:
    """The registry has a repository for the image: ECR makes none by itself."""

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
        DigestMismatch: It was made from something else.
    """
    image = target.registry.look(target.name, target.tag)
    if image is not None and image.labels.get(INPUTS) != inputs.digest:
        made_from = image.labels.get(INPUTS) or f"nothing that it tells (it is {image.digest})"
        raise DigestMismatch(
            f"{target.called(target.tag)} was made from {made_from}, and here it would be from {inputs.digest}."
        )
    return image


def find_digest(target: Target, tag: str) -> str | None:
    """Return the digest of what a tag names, or None if it is not there."""
    image = target.registry.look(target.name, tag)
    return image.digest if image else None


def push_once(target: Target, build: Build) -> None:
    """Build the image and push it under its version; the same may have come from elsewhere meanwhile."""
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
    """A tag names the image of this release, or of a later one.

    What an image says of its own version counts only if the registry has it under that version too.
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
    """Say whether what may be a version is a later one than another."""
    try:
        return Version(version) > Version(than)
    except InvalidVersion:
        return False

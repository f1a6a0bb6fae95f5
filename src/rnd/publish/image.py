"""Plan the publication of an image: the tags that are missing in a registry, and the steps that push them.

Everybody can compute the label with the digest of the inputs. So the label only refuses: an image of other inputs is
never accepted. An image that is already there counts as this command's if it has the digest that this command has made
or that the user passes, if its tag is of this run, or if it is a development version, which is never released. Floating
tags come last, each in its own step, and only move forward.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rnd.errors import RndError
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.publish.assembly import assemble
from rnd.publish.containers import can_save, run_script
from rnd.publish.errors import DigestMismatch, ImageExists, RegistryUnavailable
from rnd.publish.floating import VERSION, move_step
from rnd.publish.repositories import repository_steps
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.publish.build import Build
    from rnd.publish.registry import Image
    from rnd.publish.target import Target

INPUTS = "rnd.inputs"
RUN = "rnd.run"
REVISION = "org.opencontainers.image.revision"


def plan_image(target: Target, build: Build) -> Plan:
    """Return the plan that publishes an image to a registry."""
    steps = [*repository_steps(target), push_step(target, build)]
    if target.follows:
        find = partial(look, target, build)
        steps += [move_step(target, build.inputs.version, find, tag) for tag in target.moving]
    return Plan(f"publish the image {target.called(target.tag)}", tuple(steps))


def push_step(target: Target, build: Build) -> Step:
    """The registry has the image under its version."""

    def observe() -> State:
        image = look(target, build)
        return done(f"{target.tag}, {image.digest[:19]}…") if image else needed(f"{target.tag} is not there")

    def push() -> None:
        if _builder_pushes(build):
            retry(partial(push_once, target, build), RegistryUnavailable)
        else:
            push_once(target, build)  # each request is retried by itself

    text = f"build and push {target.called(target.tag)}"
    return Step("push-image", "Build and push the image", observe, (Action(text, push),))


def look(target: Target, build: Build) -> Image | None:
    """Return the image that the registry has under the version, or None.

    Raises:
        DigestMismatch: It was built from other inputs.
        ImageExists: It may be built from the same inputs, but nothing shows that this run pushed it.
    """
    image = target.registry.look(target.name, target.tag)
    if image is None:
        return None
    if image.labels.get(INPUTS) != build.inputs.digest:
        made_from = image.labels.get(INPUTS) or f"nothing that it tells (it is {image.digest})"
        raise DigestMismatch(
            f"{target.called(target.tag)} was made from {made_from}, and here it would be from {build.inputs.digest}."
        )
    if not _is_ours(target, build, image):
        raise ImageExists(f"{target.called(target.tag)} is already there as {image.digest}, and not from this run.")
    return image


def _is_ours(target: Target, build: Build, image: Image) -> bool:
    """Return whether an image of the same inputs counts as this command's.

    The repository of candidates can be written by jobs of `main` alone, and the tag has the number of the run.
    """
    return (
        build.identity == "development"
        or (build.identity == "candidate" and target.tag.endswith(f"-run.{build.run}"))
        or image.labels.get(RUN) == build.run
        or image.digest in {build.digest, *build.pushed}
    )


def push_once(target: Target, build: Build) -> None:
    """Build the image and push it under its version, unless another run has pushed it in the meantime."""
    inputs = build.inputs
    labels = {INPUTS: inputs.digest, VERSION: inputs.version, REVISION: inputs.revision}
    try:
        if _builder_pushes(build):
            _let_it_push(target, build, {**labels, RUN: build.run})
        else:
            image = assemble(target, build, labels)
            build.pushed.add(image.digest)
            target.registry.tag(target.name, image, target.tag)
    except RndError:
        if look(target, build) is None:
            raise


def _builder_pushes(build: Build) -> bool:
    """Return whether the builder pushes: for several platforms, or in a repository that is not up to date."""
    return "," in (build.changing.get("platform") or "") or not can_save(build.root)


def _let_it_push(target: Target, build: Build, labels: Mapping[str, str]) -> None:
    """Build and push with one call of the repository's script."""
    arguments = [
        *("--push", f"--tag={target.called(target.tag)}", f"--version={build.inputs.version}"),
        *(f"--sha256={digest}" for digest in sorted(build.inputs.wheels.values())),
        *(f"--label={name}={value}" for name, value in labels.items()),
        *build.arguments,
    ]
    run_script(build.root, arguments, target.registry, build.variables)

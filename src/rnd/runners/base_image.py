"""Build and push the base images that jobs run in; their contents are in `images/Dockerfile`."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import docker, git, process
from rnd.errors import UsageError
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.runners.stack.names import base_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.organisation import Organisation

DOCKERFILE = Path("images", "Dockerfile")
CREATED = "org.opencontainers.image.created"
REVISION = "org.opencontainers.image.revision"
SECRET = "RND_INDEXES"  # noqa: S105 - the name of a variable
# Docker credential helper that signs in to ECR with the role of the job:
# github.com/awslabs/amazon-ecr-credential-helper.
ECR_HELPER = "ecr-login"


@dataclass(frozen=True)
class BaseImage:
    """An image to build.

    Attributes:
        name: Registry, repository and tag.
        python: The Python version.
        labels: The OCI labels.
        arguments: Additional arguments of `docker build`.
    """

    name: str
    python: str
    labels: dict[str, str]
    arguments: tuple[str, ...]


def describe_base_image(
    organisation: Organisation, root: Path, version: str, base: str | None, *, system_python: bool
) -> BaseImage:
    """Return the image of a Python version.

    Args:
        organisation: The organisation.
        root: The template's repository.
        version: One of the organisation's Python versions.
        base: A local image to build on; by default, the Dockerfile's base image, pulled again.
        system_python: Whether to use Debian's Python, for machines where uv cannot download one.

    Raises:
        UsageError: org.yml does not list the version, or the folder is not the template's repository.
    """
    images = base_images(organisation)
    if version not in images:
        raise UsageError(f"Python {version} is not in org.yml; choose one of: {', '.join(images)}.")
    if not (root / DOCKERFILE).is_file():
        raise UsageError(f"{root} has no {DOCKERFILE}.", "Run the command in a checkout of the template's repository.")
    name, tag = images[version]
    arguments = ["--pull", "--no-cache"] if base is None else ["--build-arg", f"BASE_IMAGE={base}", "--network", "host"]
    if system_python:
        arguments += ["--build-arg", "PYTHON_PREFERENCE=only-system"]
    labels = {
        CREATED: datetime.now(UTC).date().isoformat(),
        REVISION: git.head(root) or "",
        "org.opencontainers.image.source": f"https://github.com/{organisation.template.full_name}",
        "org.opencontainers.image.vendor": organisation.name,
    }
    return BaseImage(f"{organisation.image_registry.address}/{name}:{tag}", version, labels, tuple(arguments))


def plan_base_image(image: BaseImage, root: Path, *, push: bool) -> Plan:
    """Return the plan that builds an image and pushes it; an image built today from this commit is not rebuilt."""
    client = docker.find_client()
    build = Step(
        "build-base-image",
        f"Build the image of Python {image.python}",
        partial(_observe_built, client, image),
        (Action(f"docker build --tag {image.name}", partial(_build, client, image, root)),),
    )
    pushing = Step(
        "push-base-image",
        "Push the image",
        partial(_observe_pushed, client, image),
        (Action(f"docker push {image.name}", partial(_push, client, image)),),
    )
    return Plan(f"build {image.name}", (build, pushing) if push else (build,))


def _observe_built(client: str, image: BaseImage) -> State:
    found = docker.inspect(image.name, "Config.Labels", client)
    labels = found if isinstance(found, dict) else {}
    fresh = all(labels.get(key) == image.labels[key] for key in (CREATED, REVISION))
    return done("built today from this commit") if fresh else needed("not built today from this commit")


def _observe_pushed(client: str, image: BaseImage) -> State:
    repository = image.name.rpartition(":")[0]
    found = docker.inspect(image.name, "RepoDigests", client)
    digests = [one for one in found if one.startswith(f"{repository}@")] if isinstance(found, list) else []
    return done(digests[0]) if digests else needed("the registry does not have it")


def _build(client: str, image: BaseImage, root: Path) -> None:
    labels = [part for key, value in image.labels.items() for part in ("--label", f"{key}={value}")]
    indexes = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in _indexes().items())
    docker.run(
        "build",
        *("--file", str(DOCKERFILE), "--tag", image.name),
        *("--secret", f"id=indexes,env={SECRET}", "--build-arg", f"PYTHON_VERSION={image.python}"),
        *labels,
        *image.arguments,
        ".",
        client=client,
        cwd=root,
        extra={"DOCKER_BUILDKIT": "1", SECRET: indexes},
    )


def _indexes() -> dict[str, str]:
    """Return the environment variables that configure package indexes; their values may contain credentials."""
    wanted = ("UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX")
    return {name: value for name, value in os.environ.items() if name.startswith(wanted)}


def _push(client: str, image: BaseImage) -> None:
    """Push an image, with ECR's credential helper if it is installed, otherwise with the user's own sign-in."""
    if process.find(f"docker-credential-{ECR_HELPER}") is None:
        docker.run("push", "--quiet", image.name, client=client)
        return
    with TemporaryDirectory(prefix="rnd-docker-") as folder:
        configuration = {"credHelpers": {image.name.partition("/")[0]: ECR_HELPER}}
        Path(folder, "config.json").write_text(json.dumps(configuration), encoding="utf-8")
        docker.run("push", "--quiet", image.name, client=client, extra={"DOCKER_CONFIG": folder})


def list_outputs(organisation: Organisation, pythons: Sequence[str]) -> dict[str, str]:
    """Return the outputs for the workflows that build the images and try them on each class of machines, by name."""
    from rnd.runners.stack.names import base_image_role

    image = organisation.image_registry.job_image(organisation.python.default)
    machines = [
        {"class": name, "labels": one.labels, "gpus": one.gpus, "image": image}
        for name, one in organisation.runners.classes.items()
    ]
    return {
        "pythons": json.dumps(list(pythons)),
        "machines": json.dumps(machines),
        "role": f"arn:aws:iam::{organisation.require_aws().account}:role/{base_image_role(organisation)}",
        "region": organisation.require_aws().region,
    }

"""The image that jobs run in: its only builder and pusher. Calls Docker; what it does is in `images/Dockerfile`."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.errors import ToolMissing, UsageError
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.runners.stack.names import base_images, template_repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.organisation import Organisation

DOCKERFILE = Path("images", "Dockerfile")
CREATED = "org.opencontainers.image.created"
REVISION = "org.opencontainers.image.revision"
EMBEDDED_BUILDKIT = 23  # the first version of Docker's client that needs buildx to use BuildKit
SECRET = "RND_INDEXES"  # noqa: S105 - the name of a variable
# Signs in to ECR with the role of the job, by itself: github.com/awslabs/amazon-ecr-credential-helper.
ECR_HELPER = "ecr-login"


@dataclass(frozen=True)
class BaseImage:
    """One image to be.

    Attributes:
        name: Registry, repository and tag.
        python: The Python version.
        labels: What it is known by.
        arguments: More arguments of `docker build`.
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
        organisation: Whose it is.
        root: The template's repository.
        version: One of the organisation's.
        base: What it is built on, an image that Docker has already; a fresh one of the Dockerfile's when left out.
        system_python: Whether it has Debian's own Python, where uv cannot fetch one.

    Raises:
        UsageError: The organisation has no such version, or the folder is not the template's repository.
    """
    images = base_images(organisation)
    if version not in images:
        raise UsageError(f"{version} is no Python of org.yml; there are: {', '.join(images)}.")
    if not (root / DOCKERFILE).is_file():
        raise UsageError(f"{root} has no {DOCKERFILE}.", "Go to a checkout of the template's own repository.")
    name, tag = images[version]
    arguments = ["--pull", "--no-cache"] if base is None else ["--build-arg", f"BASE_IMAGE={base}", "--network", "host"]
    if system_python:
        arguments += ["--build-arg", "PYTHON_PREFERENCE=only-system"]
    labels = {
        CREATED: datetime.now(UTC).date().isoformat(),
        REVISION: git.head(root) or "",
        "org.opencontainers.image.source": f"https://github.com/{template_repository(organisation)}",
        "org.opencontainers.image.vendor": organisation.name,
    }
    return BaseImage(f"{organisation.aws.ecr_registry}/{name}:{tag}", version, labels, tuple(arguments))


def plan_base_image(image: BaseImage, root: Path, *, push: bool) -> Plan:
    """Return the plan that builds an image, unless it was built today from this commit, and pushes it."""
    docker = find_docker()
    build = Step(
        "build-base-image",
        f"Build the image of Python {image.python}",
        partial(_observe_built, docker, image),
        (Action(f"docker build --tag {image.name}", partial(_build, docker, image, root)),),
    )
    pushing = Step(
        "push-base-image",
        "Push it",
        partial(_observe_pushed, docker, image),
        (Action(f"docker push {image.name}", partial(_push, docker, image)),),
    )
    return Plan(f"make {image.name}", (build, pushing) if push else (build,))


def find_docker() -> str:
    """Return a Docker client that has BuildKit: an old and a new one may both be on PATH.

    Raises:
        ToolMissing: There is none.
    """
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = shutil.which("docker", path=folder)
        if program is None:
            continue
        version = re.search(r"version (\d+)", process.attempt(program, "--version").stdout)
        if version and (
            int(version[1]) < EMBEDDED_BUILDKIT or process.attempt(program, "buildx", "version").returncode == 0
        ):
            return program
    raise ToolMissing("There is no Docker with BuildKit.", "Install Docker and its buildx.")


def _observe_built(docker: str, image: BaseImage) -> State:
    found = _inspect(docker, image, "Config.Labels")
    labels = found if isinstance(found, dict) else {}
    fresh = all(labels.get(key) == image.labels[key] for key in (CREATED, REVISION))
    return done("built today from this commit") if fresh else needed(f"{image.name} is not of today")


def _observe_pushed(docker: str, image: BaseImage) -> State:
    repository = image.name.rpartition(":")[0]
    found = _inspect(docker, image, "RepoDigests")
    digests = [one for one in found if one.startswith(f"{repository}@")] if isinstance(found, list) else []
    return done(digests[0]) if digests else needed("the registry does not have it")


def _inspect(docker: str, image: BaseImage, field: str) -> object:
    """Return a field of the image that Docker has under the name, or None where it has none."""
    asked = process.attempt(docker, "image", "inspect", "--format", f"{{{{json .{field}}}}}", image.name)
    return json.loads(asked.stdout) if asked.returncode == 0 else None


def _build(docker: str, image: BaseImage, root: Path) -> None:
    labels = [part for key, value in image.labels.items() for part in ("--label", f"{key}={value}")]
    indexes = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in _indexes().items())
    process.run(
        docker,
        "build",
        *("--file", str(DOCKERFILE), "--tag", image.name),
        *("--secret", f"id=indexes,env={SECRET}", "--build-arg", f"PYTHON_VERSION={image.python}"),
        *labels,
        *image.arguments,
        ".",
        cwd=root,
        extra={"DOCKER_BUILDKIT": "1", SECRET: indexes},
    )


def _indexes() -> dict[str, str]:
    """Return the variables that lead to packages on this machine; their values may hold credentials."""
    wanted = ("UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX")
    return {name: value for name, value in os.environ.items() if name.startswith(wanted)}


def _push(docker: str, image: BaseImage) -> None:
    """Push an image, signed in by ECR's own helper where it is installed, else as the user is."""
    if process.find(f"docker-credential-{ECR_HELPER}") is None:
        process.run(docker, "push", "--quiet", image.name)
        return
    with TemporaryDirectory(prefix="rnd-docker-") as folder:
        configuration = {"credHelpers": {image.name.partition("/")[0]: ECR_HELPER}}
        Path(folder, "config.json").write_text(json.dumps(configuration), encoding="utf-8")
        process.run(docker, "push", "--quiet", image.name, extra={"DOCKER_CONFIG": folder})


def list_outputs(organisation: Organisation, pythons: Sequence[str]) -> dict[str, str]:
    """Return what the workflow that builds the images needs to know, by the names of its outputs."""
    from rnd.runners.stack.names import base_image_role

    role = f"arn:aws:iam::{organisation.aws.account}:role/{base_image_role(organisation)}"
    return {"pythons": json.dumps(list(pythons)), "role": role, "region": organisation.aws.region}

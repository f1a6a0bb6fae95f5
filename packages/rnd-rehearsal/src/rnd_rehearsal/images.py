"""The part of a sandbox that images need: a Docker daemon of its own, a base image, and a registry that is ECR's.

Touches root's rights on this machine, the cache of base images, and folders that end with the sandbox.
"""

from __future__ import annotations

import json
import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import docker, process
from rnd.providers.ecr import ecr_tags_at
from rnd_rehearsal.base_image import PYTHON, build_base_image, prepare_base_image
from rnd_rehearsal.cache import cache_folder
from rnd_rehearsal.containers import build_job_image
from rnd_rehearsal.engine import docker_engine
from rnd_rehearsal.registry import ImageRegistry, image_registry

if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.account import Account

# The daemon has no network of its own, so builds and containers use the machine's; jobs do not know that. Builds get a
# proxy by arguments that no layer depends on:
# https://docs.docker.com/build/building/variables/#pre-defined-build-arguments
SHIM = """\
#!/bin/sh
proxy=${{HTTPS_PROXY:+--build-arg HTTP_PROXY --build-arg HTTPS_PROXY --build-arg NO_PROXY}}
case "$1 $2" in
  "buildx build") shift 2; exec {docker} buildx build --network host $proxy "$@" ;;
  "build "*) shift; exec {docker} build --network host $proxy "$@" ;;
  "run "*) shift; exec {docker} run --network host "$@" ;;
  *) exec {docker} "$@" ;;
esac
"""
ANY_KEY = ("AKIAIOSFODNN7EXAMPLE", "rehearsal")  # the registry takes any


@dataclass(frozen=True)
class Images:
    """Where images are made and kept.

    Attributes:
        registry: The organisation's registry.
        environment: What leads programs to it and to the daemon.
        region: Of the registry.
    """

    registry: ImageRegistry
    environment: dict[str, str]
    region: str

    def tags(self, repository: str) -> dict[str, str]:
        """Return the tags of an image's repository, each with the digest of its image."""
        cloud = self.registry.cloud
        key = ANY_KEY if cloud is None else cloud.operator.key[:2]
        return ecr_tags_at(f"http://{self.registry.host}", key, self.region, repository)

    def version_inside(self, repository: str, tag: str) -> str:
        """Return the version of the package that an image holds; its name is that of the repository."""
        return self.run_python(
            repository, tag, f"from importlib.metadata import version; print(version({repository!r}))"
        )

    def run_python(self, repository: str, tag: str, code: str) -> str:
        """Return what code prints in an image."""
        command = (f"{self.registry.host}/{repository}:{tag}", "python", "-c", code)
        with TemporaryDirectory(prefix="rnd-docker-") as place:  # which nobody else can open
            signed = {"auths": {self.registry.host: {"auth": self.registry.basic}}}
            Path(place, "config.json").write_text(json.dumps(signed), encoding="utf-8")
            extra = {**self.environment, "DOCKER_CONFIG": place}
            options = ("--rm", "--pull", "always", "--network", "host")
            return docker.run("run", *options, *command, client=docker.find_client(), extra=extra).strip()


@contextmanager
def start(
    folder: Path,
    organisation: Organisation,
    *,
    jobs: bool = False,
    cloud: Account | None = None,
    checkout: Path | None = None,
) -> Generator[Images]:
    """Start the daemon and the registry, and make the base images known under the names that org.yml has for them.

    Args:
        folder: For what it keeps.
        organisation: Whose images they are.
        jobs: Whether the one that jobs run in is made too.
        cloud: The account that decides about each call of the registry.
        checkout: The template's, whose toolkit the image that jobs run in has; None for an image without.

    Raises:
        ToolMissing: Docker or mmdebstrap is not installed, or this is not root.
        ExtraMissing: ministack is not installed.
    """
    with docker_engine() as engine, image_registry(organisation.require_aws().account, cloud) as registry:
        shims = folder / "programs"
        _write_shim(shims, docker.find_client())
        environment = {**engine, **registry.variables, "PATH": f"{shims}:{process.environment()['PATH']}"}
        name = organisation.docker.base_image.replace("{version}", PYTHON)
        build_base_image(prepare_base_image(cache_folder()), name, engine)
        if jobs:
            inside = folder / "programs-of-jobs"
            _write_shim(inside, "/usr/bin/docker")
            build_job_image(organisation, engine, inside / "docker", checkout)
        yield Images(registry, environment, organisation.require_aws().region)


def _write_shim(folder: Path, client: str) -> None:
    folder.mkdir()
    shim = folder / "docker"
    shim.write_text(SHIM.format(docker=shlex.quote(client)))
    shim.chmod(0o755)

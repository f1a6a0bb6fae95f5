"""The base images that machines keep: part of the image of the runner, so that jobs do not download them. Pure.

ECS downloads the image of the runner when it has changed, once for all jobs of a machine. Each job has its own Docker
daemon, whose storage goes with the job. `load_images.sh` fills it before the job starts. The archives are in an image
that jobs cannot push, and contain no names: Docker takes an image from them only if the registry says that the name
means this very image, by its digest.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

LOAD = Path(__file__).parent / "load_images.sh"
BUILT, KEPT = "base-images", "/opt/base-images"  # the folder where the image is built, and in the image
JOB, REPOSITORY = "job.tar", "repository.tar"  # as load_images.sh has them


def kept_images(organisation: Organisation) -> dict[str, str]:
    """Return the images that machines keep, by the name of their archive.

    They are those of the default Python version: the image that jobs run in, and the one that images of repositories
    are built on. Others would make each machine start later.
    """
    version = organisation.python.default
    return {
        JOB: organisation.image_registry.job_image(version),
        REPOSITORY: organisation.docker.base_image.replace("{version}", version),
    }


def save_commands(images: Mapping[str, str]) -> list[str]:
    """Return the commands that write images to `base-images`, each one without its names.

    An image that is not there yet, as in the first deployment, is left out.

    Args:
        images: The images, by the name of their archive.
    """
    return [f"mkdir -p {BUILT}", *(_save(name, shlex.quote(image)) for name, image in images.items())]


def _save(name: str, image: str) -> str:
    identity = f'"$(docker image inspect --format {{{{.Id}}}} {image})"'
    save = f"docker save --output {BUILT}/{name} {identity}"
    return f"if docker pull --quiet {image}; then {save}; else echo {image} is left out; fi"

"""The containers that jobs run in, where a workflow names an image: their options for act, and their removal.

Touches Docker, by the daemon of a rehearsal, and the image that stands in for the one of the organisation's jobs.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import docker, process
from rnd.errors import ToolMissing
from rnd_rehearsal.base_image import PYTHON, SUITE, build_base_image, prepare_base_image
from rnd_rehearsal.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

# Docker's client comes with its daemon and tools in Debian 12; the organisation's image has only the client.
PACKAGES = ("git", "docker.io", "python3-cryptography")
DAEMON = ("sbin/dockerd", "bin/containerd*", "bin/runc", "sbin/runc", "bin/docker-proxy")
WITHOUT = tuple(f"/usr/{path}" for path in (*DAEMON, "bin/ctr", "bin/dnet", "sbin/ovrouter"))
LABEL = "rnd-rehearsal-job"
HOME = "/root"  # of the user that jobs run as there
# What is of this machine, and leads nowhere in a container.
OUTSIDE = frozenset(
    ("PATH", "HOME", "TMPDIR", "DOCKER_HOST", "UV_PYTHON", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
)
DOCKERFILE = """\
FROM {base}
COPY docker uv uvx /usr/local/bin/
RUN ln -s /usr/bin/python3 /usr/local/bin/python
"""
# As images/Dockerfile has it.
BAKE = Path("scripts", "bake-toolkit")
TOOLKIT = """\
COPY pyproject.toml uv.lock /source/
COPY bake-toolkit /source/scripts/
RUN /source/scripts/bake-toolkit /opt/rnd-toolkit uv release
"""


@dataclass(frozen=True)
class Containers:
    """Where jobs' containers are.

    Attributes:
        daemon: The address of Docker's daemon.
        shared: Folders of this machine that each container has too, at the same place.
        home: Files of this machine that each container has too, in its user's home.
    """

    daemon: str
    shared: tuple[Path, ...]
    home: tuple[Path, ...] = ()

    def options(self, job: str) -> list[str]:
        """Return the options for act; the image must exist locally."""
        label = f"--label {LABEL}={job}"
        return ["--pull=false", "--container-daemon-socket", self.daemon, "--container-options", label]

    @property
    def volumes(self) -> list[str]:
        """What each container has besides its own, as workflows write it."""
        own = [f"{file}:{HOME}/{file.name}:ro" for file in self.home]
        return [*(f"{folder}:{folder}" for folder in self.shared), *own]

    def environment(self, outside: Mapping[str, str]) -> dict[str, str]:
        """Return what steps find there, of what they find on this machine itself."""
        inside = {name: value for name, value in outside.items() if name not in OUTSIDE}
        return {**inside, "RND_REHEARSAL_PYTHON": "/usr/bin/python3", "UV_LINK_MODE": "copy"}

    def end(self, job: str) -> None:
        """Take away what is left of a job that was ended before its time."""
        for container in self.left(job):
            docker.attempt("rm", "--force", container, extra={"DOCKER_HOST": self.daemon})

    def left(self, job: str | None = None) -> list[str]:
        """Return the ids of the containers of a job, or of all jobs."""
        label = LABEL if job is None else f"{LABEL}={job}"
        asked = ("ps", "--all", "--quiet", "--filter", f"label={label}")
        return docker.run(*asked, extra={"DOCKER_HOST": self.daemon}).split()


def build_job_image(
    organisation: Organisation, engine: Mapping[str, str], shim: Path, checkout: Path | None = None
) -> None:
    """Build what stands in for the image that the organisation's jobs run in, under its name.

    Args:
        organisation: Whose `aws.base_image` it is.
        engine: What leads to the daemon.
        shim: What jobs call as `docker`.
        checkout: The template's, for an image that has the environment of its central actions; None for one without.

    Raises:
        ToolMissing: uv is not installed, or mmdebstrap may not be used.
        CommandFailed: It cannot be built.
    """
    uv, uvx = process.find("uv"), process.find("uvx")
    if uv is None or uvx is None:
        raise ToolMissing("uv is not installed.")
    base = f"{LABEL}:base"
    folder = prepare_base_image(cache_folder(), SUITE, *PACKAGES, without=WITHOUT)
    build_base_image(folder, base, engine)
    name = organisation.image_registry.job_image(PYTHON)
    with TemporaryDirectory(prefix="rnd-job-image-") as place:
        for source, copy in ((shim, "docker"), (uv, "uv"), (uvx, "uvx")):
            shutil.copy(source, Path(place, copy))
        text = DOCKERFILE.format(base=base)
        if checkout is not None and (checkout / BAKE).is_file():  # earlier versions of the template have none
            text += TOOLKIT
            for file in (BAKE, "pyproject.toml", "uv.lock"):
                shutil.copy(checkout / file, place)
        Path(place, "Dockerfile").write_text(text, encoding="utf-8")
        docker.run("build", "--quiet", "--network", "host", "--tag", name, place, extra=engine)

"""A machine for each job, as the organisation gives it: empty caches, and a Docker daemon that no other job has used.

The daemon has the base images that the machine keeps, if the machines of the template's version keep any.
Jobs run one after another, so what the services count while a job runs is the job's. Touches folders of a sandbox,
and Docker daemons of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from fake_github.git_http import is_gits
from fake_github.loopback import Handler, listening, pass_on
from rnd import docker
from rnd_rehearsal.base_image import PYTHON
from rnd_rehearsal.engine import docker_engine
from rnd_rehearsal.images import ANY_KEY
from rnd_rehearsal.machine_images import NAME, keeps_images, prepare
from rnd_rehearsal.spent import IMAGE
from rnd_rehearsal.traffic import ACTIONS, BASE, CHANNEL, GIT, IMAGES, INDEX, OTHER, Meter, counting_proxy

if TYPE_CHECKING:
    from collections.abc import Generator

    from types_boto3_ecr import ECRClient

    from rnd.organisation import Organisation
    from rnd_rehearsal.containers import Containers
    from rnd_rehearsal.images import Images
    from rnd_rehearsal.machine_images import MachineImages
    from rnd_rehearsal.registry import ImageRegistry
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.services import Services

# Where uv, pip, pre-commit, npm and conda clients keep what they have downloaded, if not in the home of the user.
CACHES = {
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "PRE_COMMIT_HOME": "pre-commit",
    "npm_config_cache": "npm",
    "RATTLER_CACHE_DIR": "rattler",
    "XDG_CACHE_HOME": "cache",
}
NO_TOOLS = "jobs outside containers used the uv of this machine, which is beside programs that they need"
JOB_IMAGE, BASE_IMAGE = "rnd-jobs:{version}", "python:{version}-slim"  # in the registry of base images


@dataclass
class Cold:
    """What the machines of all jobs have in common.

    Attributes:
        folder: For the machines' folders, each of which goes when its job ends.
        meter: What the services count with.
        proxy: The variables that lead programs to the world beyond this machine.
        images: The images that a machine pulls before a job in a container, each by the name that workflows have.
        base: The name of the base image of repositories' images, as org.yml has it; empty where no images are made.
        kept: What each machine has before its first job; None where machines keep nothing.
    """

    folder: Path
    meter: Meter
    proxy: dict[str, str]
    images: dict[str, str] = field(default_factory=dict)
    base: str = ""
    kept: MachineImages | None = None

    @contextmanager
    def machine(
        self, environment: dict[str, str], containers: Containers | None, run: Run, job: Job
    ) -> Generator[tuple[dict[str, str], Containers | None]]:
        """Yield the environment and the containers of a job on a machine of its own; note what it fetches and pushes.

        Args:
            environment: What jobs find otherwise.
            containers: Where jobs that name a container run otherwise.
            run: The run of the job.
            job: The job.
        """
        place = self.folder / f"{run.number}-{job.id.replace('/', '-')}"
        with ExitStack() as stack:
            found = environment | self.proxy
            found["no_proxy"] = found["NO_PROXY"]
            home = _new_home(Path(found["HOME"]), place / "home")
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            before = self.meter.total()
            if containers is None or "container" not in run.places[job.id].written:
                containers = None
                found |= {name: str(place / folder) for name, folder in CACHES.items()}
                found |= {"HOME": str(home), "PATH": machine_path(found["PATH"])}
            else:
                containers = self._prepare(stack.enter_context(docker_engine())["DOCKER_HOST"], containers, job)
                found = {name: value for name, value in found.items() if name not in CACHES}
                found["DOCKER_HOST"] = containers.daemon
            try:
                yield found, containers
            finally:
                job.traffic = self.meter.since(before)

    def count_actions(self, size: int) -> None:
        """Count an archive of actions that a machine downloads."""
        self.meter.add(ACTIONS, fetched=size)

    def _prepare(self, daemon: str, containers: Containers, job: Job) -> Containers:
        """Pull what the job runs in, as a runner does before the first step."""
        begin = time.monotonic()
        if self.kept is not None:
            self.kept.load(daemon, job.id.rpartition("/")[2])
        for name, there in self.images.items():
            docker.run("pull", "--quiet", there, extra={"DOCKER_HOST": daemon})
            docker.run("tag", there, name, extra={"DOCKER_HOST": daemon})
        job.spent[IMAGE] = time.monotonic() - begin
        return replace(containers, daemon=daemon)


def _new_home(given: Path, home: Path) -> Path:
    """Make a home with the files of another one, which hold passwords and settings, and none of its folders."""
    home.mkdir(parents=True)
    for file in given.iterdir():
        if file.is_file():
            shutil.copy2(file, home)
    return home


def machine_path(path: str) -> str:
    """Return the PATH of a machine that has Python and git, and no uv, as GitHub's own machines are.

    A folder with uv stays where git or the shell would be lost with it.
    """
    here = Path(sys.base_prefix, "bin")
    kept = [folder for folder in map(Path, path.split(os.pathsep)) if folder.name != "shims"]
    without = [folder for folder in kept if not (folder / "uv").exists() or (folder / "git").exists()]
    return os.pathsep.join(dict.fromkeys(map(str, (here, *without))))


class _BaseImages(Handler):
    """A registry that anybody can read: that of base images, in front of the one of the organisation."""

    behind: int
    meter: Meter
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what reads; there is nothing else."""
        self.say(*pass_on(self.behind, self.command, self.path, dict(self.headers), b""))

    do_HEAD = do_GET

    def transferred(self, received: int, sent: int) -> None:
        """Count what machines pull."""
        self.meter.at(BASE)(received, sent)


@contextmanager
def base_images(registry: ImageRegistry, meter: Meter) -> Generator[str]:
    """Serve the content of a registry to everybody, count what is pulled, and yield the host."""
    attributes = {"behind": registry.behind, "meter": meter}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_BaseImages,), attributes)) as front:
        front.daemon_threads = True
        with listening(front):
            yield f"127.0.0.1:{front.server_port}"


@contextmanager
def start(folder: Path, services: Services, organisation: Organisation, checkout: Path) -> Generator[Cold]:
    """Count what the services of a sandbox send and receive, and yield what gives each job a machine of its own.

    Args:
        folder: For the machines.
        services: Those that count, and that have the base images if images are made.
        organisation: Whose base images these are.
        checkout: The template's, whose machines keep base images, or do not.
    """
    meter = Meter()
    _count(services, meter)
    with ExitStack() as stack:
        cold = Cold(folder, meter, stack.enter_context(counting_proxy(meter)))
        if (images := services.images) is not None:
            images.registry.transferred = meter.at(IMAGES)
            host = stack.enter_context(base_images(images.registry, meter))
            jobs = organisation.image_registry.job_image(PYTHON)
            cold.images = {jobs: _publish(images, jobs, host, JOB_IMAGE)}
            cold.base = f"{host}/{BASE_IMAGE}"
            base = _publish(images, organisation.docker.base_image.replace("{version}", PYTHON), host, BASE_IMAGE)
            if keeps_images(checkout):
                behind = f"127.0.0.1:{images.registry.behind}"
                registry_client(images).create_repository(repositoryName=NAME.partition(":")[0])
                kept = folder.parent / "machine-images"
                cold.kept = prepare(kept, cold.images[jobs], base, behind, host, meter)
        yield cold


def _count(services: Services, meter: Meter) -> None:
    """Let each service count what it sends and receives."""
    git, other = meter.at(GIT), meter.at(OTHER)
    services.hub.transferred = lambda path, received, sent: (git if is_gits(path) else other)(received, sent)
    services.cloud.transferred = other
    for index in (services.index, services.development):
        index.transferred = meter.at(INDEX)
    if services.channel is not None:
        services.channel.server.transferred = meter.at(CHANNEL)


def _publish(images: Images, local: str, host: str, name: str) -> str:
    """Push a local image to the registry of base images, and return its name there."""
    behind = f"127.0.0.1:{images.registry.behind}"
    registry_client(images).create_repository(repositoryName=name.partition(":")[0])
    name = name.replace("{version}", PYTHON)
    docker.run("tag", local, f"{behind}/{name}", extra=images.environment)
    docker.run("push", "--quiet", f"{behind}/{name}", extra=images.environment)
    return f"{host}/{name}"


def registry_client(images: Images) -> ECRClient:
    """Return a client of the registry that no account decides about."""
    import boto3

    key, secret = ANY_KEY
    return boto3.client(
        "ecr",
        endpoint_url=f"http://127.0.0.1:{images.registry.behind}",
        region_name=images.region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )

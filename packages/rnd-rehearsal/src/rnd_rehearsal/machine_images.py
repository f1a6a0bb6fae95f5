"""What a machine has before its first job: the base images that the image of the runner contains.

On the real machines CodeBuild writes them into that image, ECS downloads it once for all jobs of a machine, and a hook
gives them to the Docker daemon of each job. The same commands and the same hook run here. Touches Docker daemons of its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd import docker, process
from rnd.runners.stack.kept_images import BUILT, JOB, LOAD, REPOSITORY, save_commands
from rnd_rehearsal.engine import docker_engine

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.traffic import Meter, Traffic

DOCKERFILE = f"FROM scratch\nCOPY {BUILT} /opt/base-images/\n"
NAME = "runner:latest"


@dataclass(frozen=True)
class MachineImages:
    """What a machine has.

    Attributes:
        folder: The archives of the images.
        hook: The script that loads them before a job.
        started: What a machine has fetched for it when it started, once for all its jobs.
    """

    folder: Path
    hook: Path
    started: Traffic

    def load(self, daemon: str, job: str) -> None:
        """Give the images to the daemon of a job, as the hook of the runner does.

        Args:
            daemon: Its address.
            job: The id of the job in its workflow.
        """
        extra = {"DOCKER_HOST": daemon, "GITHUB_JOB": job}
        process.run("sh", str(self.hook), str(self.folder), extra=extra)


def keeps_images(checkout: Path) -> bool:
    """Return whether the machines of a checkout of the template keep base images; earlier versions do not."""
    return (checkout / "src" / LOAD.relative_to(LOAD.parents[3])).is_file()


def prepare(folder: Path, job: str, repository: str, registry: str, host: str, meter: Meter) -> MachineImages:
    """Make the image of the runner, as far as it contains base images, and start a machine with it.

    Args:
        folder: For the archives.
        job: The image that jobs run in, in the registry that machines pull from.
        repository: The image that images of repositories are built on, there.
        registry: The host that the image of the runner is pushed to.
        host: The host that machines pull it from, which counts.
        meter: What that host counts with.

    Raises:
        CommandFailed: It cannot be made.
        FileNotFoundError: The registry does not have one of the images.
    """
    folder.mkdir(parents=True)
    with docker_engine() as engine:
        save = save_commands({JOB: job, REPOSITORY: repository})
        process.run("sh", "-e", "-c", "\n".join(save), cwd=folder, extra=engine)
        for name in (JOB, REPOSITORY):
            (folder / BUILT / name).stat()
        (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        docker.run("build", "--quiet", "--tag", f"{registry}/{NAME}", ".", cwd=folder, extra=engine)
        docker.run("push", "--quiet", f"{registry}/{NAME}", extra=engine)
    before = meter.total()
    with docker_engine() as engine:
        docker.run("pull", "--quiet", f"{host}/{NAME}", extra=engine)
    return MachineImages(folder / BUILT, LOAD, meter.since(before))

"""The only caller of Docker's client.

A repository builds its images with its own `docker/build.py`, which also knows podman and buildah: see
`publish/containers.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.process import Completed

CLIENT = "docker"
EMBEDDED_BUILDKIT = 23  # the first version of Docker's client that needs buildx to use BuildKit


def find_client() -> str:
    """Return the first Docker client on PATH that has BuildKit; PATH may contain several clients.

    Raises:
        ToolMissing: No client on PATH has BuildKit.
    """
    for folder in process.environment()["PATH"].split(os.pathsep):
        program = shutil.which(CLIENT, path=folder)
        if program is None:
            continue
        version = re.search(r"version (\d+)", attempt("--version", client=program).stdout)
        if version and (
            int(version[1]) < EMBEDDED_BUILDKIT or attempt("buildx", "version", client=program).returncode == 0
        ):
            return program
    raise ToolMissing("No Docker client with BuildKit is installed.", "Install Docker and its buildx plugin.")


def run(
    *arguments: str,
    client: str = CLIENT,
    cwd: Path | None = None,
    extra: Mapping[str, str | None] | None = None,
) -> str:
    """Run a command of Docker that must succeed, and return its standard output.

    Args:
        arguments: The arguments; never a secret, because other users of the machine can see arguments.
        client: The client; by default the first one on PATH.
        cwd: The folder to run in; by default the current one.
        extra: Variables to set for the client, such as DOCKER_HOST; None removes a variable.

    Raises:
        ToolMissing: The client is not installed.
        CommandFailed: The command failed.
        DiskFull: It reported that no space is left.
    """
    return process.run(client, *arguments, cwd=cwd, extra=extra)


def attempt(*arguments: str, client: str = CLIENT, extra: Mapping[str, str | None] | None = None) -> Completed:
    """Run a command of Docker, and return the result for any exit code; the arguments are those of `run`.

    Raises:
        ToolMissing: The client is not installed.
    """
    return process.attempt(client, *arguments, extra=extra)


def inspect(image: str, field: str, client: str = CLIENT) -> object:
    """Return a field of a local image, or None if there is no such image.

    Args:
        image: The name of the image.
        field: The path of the field in what `docker image inspect` prints, such as `Config.Labels`.
        client: The client; by default the first one on PATH.
    """
    asked = attempt("image", "inspect", "--format", f"{{{{json .{field}}}}}", image, client=client)
    return json.loads(asked.stdout) if asked.returncode == 0 else None

"""What builds and runs images, started for a while: a Docker daemon of its own, or buildah with a store of its own.

Neither sees what else is on the machine, nor is seen by it. Both need root, and what Debian's packages `docker.io`,
or `buildah`, install.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Generator

# The registries of a rehearsal listen on the loopback interface, without TLS. Docker takes that for granted.
REGISTRIES = """\
unqualified-search-registries = []
[[registry]]
location = "127.0.0.1"
insecure = true
"""
# Where the folders of engines are made; None means where programs keep temporary files. Layers are many small files: in
# memory, making them takes a third of the processor time.
PLACE: Path | None = None
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


@contextmanager
def docker_engine() -> Generator[dict[str, str]]:
    """Run a Docker daemon without a network of its own, and yield the variables that lead clients to it.

    Its containers and builds use the network of the machine: say `--network host`.

    Raises:
        ToolMissing: Docker is not installed, or may not be run.
        CommandFailed: It does not start.
    """
    _require_root("dockerd")
    # With a short path: a socket's may have 107 characters.
    with TemporaryDirectory(prefix="rnd-dockerd-", dir=PLACE) as name:
        folder = Path(name)
        address = f"unix://{folder}/socket"
        options = (
            *("--host", address, "--pidfile", str(folder / "pid"), "--storage-driver", "overlay2"),
            *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
            *("--iptables=false", "--ip6tables=false", "--bridge=none"),
        )
        try:
            with process.serving("dockerd", *options, log=folder / "log", ready=(folder / "socket").exists):
                yield {"DOCKER_HOST": address}
        finally:
            _unmount(folder)


@contextmanager
def buildah_engine() -> Generator[dict[str, str]]:
    """Yield the variables by which buildah keeps to itself, and works where containers cannot be nested.

    Raises:
        ToolMissing: buildah is not installed, or may not be run.
    """
    _require_root("buildah")
    with TemporaryDirectory(prefix="rnd-buildah-", dir=PLACE) as name:
        folder = Path(name)
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder), encoding="utf-8")
        (folder / "registries.conf").write_text(REGISTRIES, encoding="utf-8")
        try:
            yield {
                "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
                "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
                "BUILDAH_ISOLATION": "chroot",
            }
        finally:
            _unmount(folder)


def _unmount(folder: Path) -> None:
    """Take away the mounts that a builder has left in its folder, the namespace of its containers for one."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    for point in sorted(points, reverse=True):
        if Path(point).is_relative_to(folder):
            process.run("umount", point)


def _require_root(program: str) -> None:
    if process.find(program) is None:
        raise ToolMissing(f"{program} is not installed.", "Install it; on Debian, scripts/install-debian does.")
    if os.geteuid() != 0:
        raise ToolMissing(f"Only root can run {program}.")

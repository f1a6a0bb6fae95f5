"""A base image with Python, made from Debian's packages where no image registry can be reached. Made once, then kept.

It trusts what this machine trusts, so that a build in it reaches the package indexes that this machine reaches.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fake_github.cache import alone
from rnd import docker, process
from rnd.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGES = ("usr-is-merged", "ca-certificates", "python3", "python3-venv")
PYTHON = "3.11"  # what Debian 12 has
SUITE = "bookworm"
OPTIONS = (
    *("--quiet", "--variant=essential", "--mode=root", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"),
    *(f"--dpkgopt=path-exclude=/usr/share/{unwanted}/*" for unwanted in ("doc", "locale", "man")),
    f"--include={','.join(PACKAGES)}",
)
# mmdebstrap mounts folders of this machine, /dev/shm among them, into its own. If it is killed, what it mounts must not
# stay: removing its folder would remove their files. See mount_namespaces(7).
APART = ("unshare", "--mount")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ADDED = """\
FROM scratch
ADD base.tar /
"""
CERTIFIED = f"""\
COPY certificates.crt {CERTIFICATES}
ENV SSL_CERT_FILE={CERTIFICATES} PIP_CERT={CERTIFICATES}
"""
DOCKERFILE = ADDED + CERTIFIED
IMPORTED = "rnd-base-files"  # the image of the archive alone


def prepare_base_image(cache: Path, suite: str = SUITE, *packages: str, without: Sequence[str] = ()) -> Path:
    """Return a folder from which a builder makes the base image, made now if it was not there.

    Args:
        cache: Where it is kept, outside any repository. Concurrent processes wait for the one that builds it.
        suite: The release of Debian.
        packages: Additional packages.
        without: Paths of packages to leave out, as dpkg patterns.

    Raises:
        ToolMissing: mmdebstrap is not installed, or may not be used.
        CommandFailed: It failed.
    """
    certificates = _trusted()
    options = (
        *OPTIONS,
        *(f"--include={package}" for package in packages),
        *(f"--dpkgopt=path-exclude={path}" for path in without),
    )
    key = hashlib.sha256("\n".join((suite, *options, DOCKERFILE)).encode()).hexdigest()[:12]
    made = cache / f"base-image-{suite}-{platform.machine()}-{key}"
    with alone(cache / f"{made.name}.lock"):
        if not made.is_dir():
            _make(made, suite, options)
    shutil.copyfile(certificates, made / "certificates.crt") if certificates else (made / "certificates.crt").touch()
    return made


def build_base_image(folder: Path, name: str, engine: Mapping[str, str]) -> None:
    """Give a Docker daemon a base image.

    `docker build` would write the files of the archive three times: to its context, to a layer and to a copy of that.
    `docker import` writes them once (https://docs.docker.com/reference/cli/docker/image/import/).

    Args:
        folder: Where `prepare_base_image` has made it.
        name: Under which the daemon knows the image.
        engine: The variables that lead to the daemon.

    Raises:
        CommandFailed: It failed.
    """
    docker.run("import", str(folder / "base.tar"), IMPORTED, extra=engine)
    with TemporaryDirectory(prefix="rnd-base-image-") as place:
        shutil.copy(folder / "certificates.crt", place)
        Path(place, "Dockerfile").write_text(f"FROM {IMPORTED}\n{CERTIFIED}", encoding="utf-8")
        docker.run("build", "--quiet", "--tag", name, place, extra=engine)


def _make(made: Path, suite: str, options: Sequence[str]) -> None:
    if os.geteuid() != 0:
        raise ToolMissing("Only root can make a base image with mmdebstrap.")
    if process.find("mmdebstrap") is None:
        raise ToolMissing("mmdebstrap is not installed.")
    with TemporaryDirectory(dir=made.parent) as partial:
        folder = Path(partial, "made")
        folder.mkdir()
        process.run(*APART, "mmdebstrap", *options, suite, str(folder / "base.tar"))
        (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        folder.rename(made)


def _trusted() -> Path | None:
    """Return the file of the certificates that this machine trusts, if it has one."""
    paths = ssl.get_default_verify_paths()
    found = os.environ.get("SSL_CERT_FILE") or paths.cafile or CERTIFICATES
    return Path(found) if Path(found).is_file() else None

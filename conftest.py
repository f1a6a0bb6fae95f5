"""What the tests share: a home of their own, the template as a git repository, and the machine's Pythons."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from rnd import process, retry
from rnd.errors import RndError
from rnd.organisation import load_organisation
from rnd_rehearsal.base_image import build_base_image, prepare_base_image
from rnd_rehearsal.engine import buildah_engine, docker_engine
from rnd_rehearsal.package_index import PackageIndex, serve
from rnd_rehearsal.registry import ImageRegistry, image_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

from tests.helpers.machine import BASE_IMAGE, RND_CACHE, isolate
from tests.helpers.template import RELEASED, TemplateRepository, copy_template

pytest_plugins = [
    "tests.helpers.memory",  # before those that import it
    "tests.helpers.quick_copier",
    "tests.helpers.collection",
    "tests.helpers.cost",
    "tests.helpers.damage",
    "tests.helpers.fault_matrix",
    "tests.helpers.fleet",
    "tests.helpers.github",
    "tests.helpers.kept",
    "tests.helpers.repository",
    "tests.helpers.schedule",
    "tests.helpers.stacks",
    "tests.helpers.update_scenes",
    "tests.helpers.updates",
    "tests.helpers.uv_cache",
]


# A shell starts a background command with SIGINT ignored, and every process below it inherits that. Tests interrupt
# programs, which need the default. `rnd` itself leaves an ignored SIGINT ignored, as Unix expects of a program.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test measures time: an example may take as long as a loaded machine needs. In a new clone, the first text that
# Hypothesis draws takes a second.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# It logs each request, which takes a tenth of what a request to the fake GitHub does.
logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="session", autouse=True)
def conda_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a test session share for what conda fetches."""
    root = tmp_path_factory.getbasetemp()
    place = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "conda"
    os.environ["RATTLER_CACHE_DIR"] = str(place)
    return place


@pytest.fixture(scope="session", autouse=True)
def released_templates(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give the templates that tests copy a folder, which pytest removes."""
    RELEASED.append(tmp_path_factory.mktemp("released"))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a git identity and nothing else, so that no test sees this machine's configuration."""
    return isolate(tmp_path_factory.mktemp("home"), monkeypatch)


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Take away what a command of the test prints its log with: the next command may be a quiet one."""
    yield
    logging.getLogger("rnd").handlers.clear()


@pytest.fixture
def tool() -> str:
    """The tool that environments are made with; `BOTH_TOOLS` makes it two."""
    return "uv"


@pytest.fixture
def template(tmp_path: Path, tool: str) -> TemplateRepository:
    """The template, released as 1.0.0, of an organisation whose default tool is `tool`."""
    return copy_template(tmp_path / "rnd-template", tool)


@pytest.fixture(scope="session")
def copier(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with copier, uv and git on it, and nothing of ours."""
    folder = tmp_path_factory.mktemp("alone")
    variables = os.environ | {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    subprocess.run(["uv", "tool", "install", "--quiet", "copier"], env=variables, check=True)
    for program in ("uv", "uvx", "git"):
        found = shutil.which(program)
        assert found is not None
        (folder / "bin" / program).symlink_to(found)
    return f"{folder / 'bin'}:/usr/bin:/bin"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """The organisation's package index, and the credentials of somebody who may publish there."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "UV_PUBLISH_", "UV_INDEX", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    with serve(tmp_path / "index", "--hash-algo", "sha256") as index:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CODEARTIFACT", index.url.rstrip("/"))
        yield index
    assert index.codeartifact.violations == []


@pytest.fixture(scope="session")
def base_image() -> Path:
    """The folder that a base image is built from."""
    try:
        return prepare_base_image(Path(RND_CACHE))
    except RndError as error:
        pytest.skip(f"no base image can be made on this machine: {error}")


@pytest.fixture(scope="session")
def empty_docker() -> Iterator[dict[str, str]]:
    """The variables that lead to a Docker daemon of the tests' own."""
    yield from _start("docker", docker_engine())


@pytest.fixture(scope="session")
def empty_buildah() -> Iterator[dict[str, str]]:
    """The variables that lead to a store of images of the tests' own."""
    yield from _start("buildah", buildah_engine())


@pytest.fixture(scope="session")
def docker(empty_docker: dict[str, str], base_image: Path) -> dict[str, str]:
    """The variables that lead to the Docker daemon, once it has the base image."""
    build_base_image(base_image, BASE_IMAGE, empty_docker)
    return empty_docker


@pytest.fixture(scope="session")
def base_archive(docker: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base image as a file, from which every builder has the very same."""
    file = tmp_path_factory.mktemp("base") / "base.tar"
    process.run("docker", "save", "--output", str(file), BASE_IMAGE, extra=docker)
    return file


@pytest.fixture(scope="session")
def buildah(empty_buildah: dict[str, str], base_archive: Path) -> dict[str, str]:
    """The variables that lead to the store of images, once it has the base image."""
    process.run("buildah", "pull", "--quiet", f"docker-archive:{base_archive}", extra=empty_buildah)
    return empty_buildah


def _start(program: str, engine: AbstractContextManager[dict[str, str]]) -> Iterator[dict[str, str]]:
    try:
        with engine as variables:
            yield variables
    except RndError as error:
        pytest.skip(f"no {program} on this machine: {error}")


@pytest.fixture(scope="session")
def all_images() -> Iterator[ImageRegistry]:
    """The registry of the organisation's account, with all that the tests of this process have pushed."""
    with image_registry(load_organisation().require_aws().account) as registry:
        yield registry

"""What the tests share: a home of their own, the template as a git repository, and the machine's Pythons."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from copier import run_copy

from rnd import process, retry
from rnd.create.environment import environment_of
from rnd.create.project import read_project
from rnd.errors import RndError
from rnd.organisation import load_organisation
from rnd.rehearsal import channel as conda_channel
from rnd.rehearsal.base_image import prepare_base_image
from rnd.rehearsal.cache import cache_folder
from rnd.rehearsal.engine import buildah_engine, docker_engine
from rnd.rehearsal.package_index import PackageIndex, serve
from rnd.rehearsal.registry import ImageRegistry, image_registry
from rnd.rehearsal.template import with_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

pytest_plugins = ["tests.hosting", "tests.create.fault_matrix"]

ROOT = Path(__file__).parents[1]
ACME = ROOT / "tests" / "acme.yml"
AUTHOR = "Ada Lovelace <ada@example.com>"
PYTHON = load_organisation().python.default
# For what holds whichever tool a repository's environment is made with.
BOTH_TOOLS = pytest.mark.parametrize("tool", ["uv", "conda"])


# Variables of whoever runs the tests, by how they begin.
TAKEN_AWAY = (
    "GIT_",
    "GH_",
    "GITHUB_",
    "COPIER_",
    "XDG_",
    "VIRTUAL_ENV",
    "UV_PROJECT",
    "CONDA_",
    "MAMBA_",
    "RATTLER_AUTH",
)


# A uv that is not on PATH has started these tests, and names itself.
if shutil.which("uv") is None:
    os.environ["PATH"] += os.pathsep + str(Path(os.environ["UV"]).parent)


def _cache() -> str:
    """Return uv's own cache, which stays shared and warm while HOME moves."""
    return subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def _pythons() -> list[Path]:
    """Folders of interpreters that are on this machine and not on PATH: pyenv's."""
    return sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin"))


UV_CACHE = _cache()
# What the rehearsal has fetched stays shared and warm too.
RND_CACHE = str(cache_folder())
# What leads to packages on this machine, which a build in a container needs as well.
INDEXES = {
    name: value for name, value in os.environ.items() if name.startswith(("UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX"))
}
BASE_IMAGE = "localhost/rnd-base:latest"
PYTHONS = _pythons()


@pytest.fixture(scope="session", autouse=True)
def conda_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a test session share for what conda fetches."""
    root = tmp_path_factory.getbasetemp()
    place = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "conda"
    os.environ["RATTLER_CACHE_DIR"] = str(place)
    return place


def channel(version: str = PYTHON) -> Path:
    """Return a conda channel that holds a Python of this machine, and the development tools for it."""
    if conda_channel.interpreter(version) is None:
        pytest.skip(f"no Python {version} that a conda package can be made of is on this machine")
    return conda_channel.channel(Path(RND_CACHE), version)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a git identity and nothing else, so that no test sees this machine's configuration."""
    return isolate(tmp_path_factory.mktemp("home"), monkeypatch)


def isolate(home: Path, patch: pytest.MonkeyPatch) -> Path:
    """Move to an empty folder as the home, and return it."""
    (home / ".gitconfig").write_text("[user]\nname = Ada Lovelace\nemail = ada@example.com\n")
    for name in [name for name in os.environ if name.startswith(TAKEN_AWAY)]:
        if name != "GIT_SSL_CAINFO":
            patch.delenv(name)
    # Each program of a new environment would compile its modules at every start.
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    patch.setenv("HOME", str(home))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("UV_CACHE_DIR", UV_CACHE)
    patch.setenv("RND_CACHE_DIR", RND_CACHE)
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not entry.endswith(".pyenv/shims")]
    patch.setenv("PATH", os.pathsep.join([*path, *map(str, PYTHONS)]))
    return home


def git(folder: Path, *arguments: str) -> str:
    """Run git where a test needs it and return what it said."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.removesuffix("\n")


@dataclass(frozen=True)
class TemplateRepository:
    """This working tree, committed files and others alike, as a git repository that tests may change."""

    folder: Path

    @property
    def address(self) -> str:
        """The address that copier is given."""
        return f"git+file://{self.folder}"

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def use_channel(self, channel: Path | str) -> None:
        """Make this, a folder or an address, the organisation's conda channel."""
        file = self.folder / "org.yml"
        address = channel.as_uri() if isinstance(channel, Path) else channel
        text = with_values(file.read_text(encoding="utf-8"), {("conda", "channels"): [address]})
        file.write_text(text, encoding="utf-8")

    def release(self, tag: str) -> None:
        """Commit what has changed, and tag it."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", f"release {tag}")
        git(self.folder, "tag", tag)


@pytest.fixture
def tool() -> str:
    """The tool that environments are made with; `BOTH_TOOLS` makes it two."""
    return "uv"


@pytest.fixture
def template(tmp_path: Path, tool: str) -> TemplateRepository:
    """The template, released as 1.0.0, of an organisation whose default tool is `tool`."""
    return copy_template(tmp_path / "rnd-template", tool)


def copy_template(folder: Path, tool: str = "uv", python_version: str = PYTHON) -> TemplateRepository:
    """Copy this working tree into a folder, and release it as 1.0.0.

    Args:
        folder: Where to.
        tool: The default answer to the question about the dependency tool.
        python_version: Which Python the organisation's conda channel holds, where the tool is conda.
    """
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet", "--initial-branch=main")
    repository = TemplateRepository(folder)
    if tool == "conda":
        repository.edit("copier.yml", "  default: uv\n", "  default: conda\n")
        repository.use_channel(channel(python_version))
    repository.release("1.0.0")
    return repository


def asking_nothing(address: str, name: str = "aligner") -> tuple[str, ...]:
    """Return the options with which `rnd new` asks nothing, and makes a repository for this machine alone."""
    data = (f"project_name={name}", "create_github_repository=false")
    return ("--defaults", *(option for answer in data for option in ("-d", answer)), "--template", address)


def lock_and_commit(folder: Path) -> Path:
    """Make a rendered repository what a job would check out, locked and with nothing installed, and return it."""
    for action in environment_of(read_project(folder)).lock_step().actions:
        action.run()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    return folder


def render(template: TemplateRepository, folder: Path, **answers: str) -> Path:
    """Render the template as plain copier does, for this machine alone and without its task, and return the folder."""
    data = {"create_github_repository": False, **answers}
    run_copy(
        template.address, folder, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True, vcs_ref="HEAD"
    )
    return folder


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
def docker(base_image: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a Docker daemon of the tests' own, which has the base image."""
    yield from _with_base_image("docker", docker_engine(), base_image)


@pytest.fixture(scope="session")
def buildah(base_image: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a store of images of the tests' own, which has the base image."""
    yield from _with_base_image("buildah", buildah_engine(), base_image)


def _with_base_image(
    program: str, engine: AbstractContextManager[dict[str, str]], base_image: Path
) -> Iterator[dict[str, str]]:
    try:
        with engine as variables:
            process.run(program, "build", "--quiet", "--tag", BASE_IMAGE, str(base_image), extra=variables)
            yield variables
    except RndError as error:
        pytest.skip(f"no {program} on this machine: {error}")


@pytest.fixture(scope="session")
def all_images() -> Iterator[ImageRegistry]:
    """The registry of the organisation's account, with all that the tests of this process have pushed."""
    with image_registry(load_organisation().aws.account) as registry:
        yield registry

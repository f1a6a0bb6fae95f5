"""What these tests share: git repositories that are alike, whatever the machine's git configuration says."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd_rehearsal.base_image import PYTHON
from rnd_rehearsal.registry import just_act
from tests.helpers.git import git
from tests.helpers.image_sandbox import ORGANISATION, Sandbox, compress_once
from tests.helpers.machine import INDEXES, isolate
from tests.helpers.template import copy_template, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd_rehearsal.package_index import PackageIndex
    from rnd_rehearsal.registry import ImageRegistry

# The command that publishes the package of `package`, and its files.
PACKAGE = ["release", "package"]
WHEEL = "acme_demo-0.4.1-py3-none-any.whl"
SDIST = "acme_demo-0.4.1.tar.gz"
MANIFEST = """\
[project]
name = "Acme.Demo"
version = "0.4.1"
description = "A demonstration"
readme = "README.md"
requires-python = ">=3.8"

[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "demo"
"""
# What uv makes of a project of that version that needs nothing.
LOCKED = 'version = 1\n\n[[package]]\nname = "demo"\nversion = "0.4.1"\nsource = { editable = "." }\n'
# The stages of a generated repository's Dockerfile, each with a file of the build context.
SMALL = """\
FROM scratch AS base
COPY pyproject.toml /

FROM base AS environment
LABEL org.opencontainers.image.title="aligner"
COPY uv.lock /app/.venv/

FROM scratch AS package
COPY pyproject.toml /app/.venv/

FROM environment AS image
COPY --from=package /app/.venv/ /app/.venv/
"""

KEPT_BUILDS = Path(__file__).with_name("kept_builds.py")


@pytest.fixture
def git_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Other")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.com")


@dataclass
class Repository:
    """A git repository in a folder."""

    path: Path

    def git(self, *arguments: str, text: str | bytes | None = None) -> str:
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        completed = subprocess.run(["git", *arguments], cwd=self.path, input=data, capture_output=True, check=True)
        return completed.stdout.decode().strip()

    def commit(self, *messages: str) -> str:
        """Make one commit for each message, without touching a file; return the last one's hash."""
        for message in messages:
            self.git("commit", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", "-", text=message)
        return self.git("rev-parse", "HEAD")

    def release(self, tag: str) -> None:
        self.git("tag", "--annotate", "--message", tag, tag)

    def release_all(self, tag: str) -> None:
        """Commit the work tree, and release it."""
        self.git("add", "--all")
        self.commit("feat: everything so far")
        self.release(tag)

    def manifest(self, version: str) -> None:
        """Write a manifest, as `rnd` would find it in the work tree."""
        (self.path / "pyproject.toml").write_text(f'[project]\nname = "demo"\nversion = "{version}"\n')


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository, on the branch `main`."""
    made = Repository(tmp_path / "repository")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def released(repository: Repository) -> Repository:
    """A repository whose release 0.4.1 is its head."""
    repository.release_all("0.4.1")
    return repository


@pytest.fixture
def locked(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository to stand in, with a lock file, whose release 0.4.1 is its head."""
    monkeypatch.chdir(repository.path)
    repository.manifest("0.4.1")
    (repository.path / "uv.lock").write_text(LOCKED)
    repository.release_all("0.4.1")
    return repository


@pytest.fixture
def package(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository to stand in, that holds a package, and whose release 0.4.1 is its head."""
    monkeypatch.chdir(repository.path)
    (repository.path / "src" / "demo").mkdir(parents=True)
    (repository.path / "src" / "demo" / "__init__.py").write_text('"""A demonstration."""\n')
    (repository.path / "README.md").write_text("# Demonstration\n")
    (repository.path / "pyproject.toml").write_text(MANIFEST)
    repository.release_all("0.4.1")
    return repository


def digests(said: str) -> dict[str, str]:
    """Return the digest of each file that the command says that it published."""
    return {name: digest.removeprefix("sha256:") for digest, name in map(str.split, said.splitlines())}


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated repository with a dependency and a script, committed."""
    if PYTHON not in ORGANISATION.python.versions:
        pytest.skip(f"the organisation does not offer Python {PYTHON}, which the base image of the tests has")
    place = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        folder = render(
            copy_template(place / "rnd-template"), place / "made", project_name="aligner", python_version=PYTHON
        )
        with (folder / "pyproject.toml").open("a") as manifest:
            manifest.write('\n[project.scripts]\nalign = "aligner.align:main"\n')
        header = f"# {ORGANISATION.copyright}\n"
        (folder / "src" / "aligner" / "align.py").write_text(f"{header}def main() -> None:\n    print('aligned')\n")
        process.run("uv", "add", "--quiet", "--no-sync", "iniconfig", cwd=folder)
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "feat: align two speakers")
    return folder


@pytest.fixture(scope="session")
def generated_small(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same repository with a Dockerfile that has all stages, and installs nothing in them; each is built once."""
    folder = tmp_path_factory.mktemp("small") / "made"
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        git(folder.parent, "clone", "--quiet", str(generated), str(folder))
        docker = folder / "docker"
        (docker / "Dockerfile").write_text(SMALL)
        (docker / "build.py").rename(docker / "made.py")
        shutil.copy(KEPT_BUILDS, docker / "build.py")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "build: install nothing, and nothing twice")
    return folder


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what builds of small images have made."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture
def small_image(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `sandbox` build an image that holds a few files: for tests that do not look into it."""
    monkeypatch.setenv("KEPT_BUILDS", str(builds))


@pytest.fixture
def builder(request: pytest.FixtureRequest) -> str:
    """What builds the image; Docker unless a test says otherwise."""
    return getattr(request, "param", "docker")


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest,
    builder: str,
    index: PackageIndex,
    all_images: ImageRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Sandbox]:
    """A generated repository to stand in, and all that its image needs; the image's repository is not there yet."""
    small = "small_image" in request.fixturenames
    generated: Path = request.getfixturevalue("generated_small" if small else "generated")
    engine: dict[str, str] = request.getfixturevalue(f"empty_{builder}" if small else builder)
    folder = tmp_path / "aligner"
    git(tmp_path, "clone", "--quiet", str(generated), str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("rnd.publish.layers.compress_block", compress_once)
    for name in ("DOCKER_CONFIG", "DOCKER_CONTEXT", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (INDEXES | engine | all_images.variables).items():
        monkeypatch.setenv(name, value)
    name = f"{ORGANISATION.slug}-{ORGANISATION.repository_prefix}-aligner"
    made = Sandbox(folder, name, index, all_images)
    yield made
    all_images.around = just_act
    made.forget()
    assert all_images.violations == []

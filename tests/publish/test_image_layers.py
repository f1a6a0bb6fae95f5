"""The same commit gives the same image, and what a registry has is neither built nor uploaded again: real builds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli, process
from rnd.publish import assembly
from rnd.publish.containers import run_script
from rnd.publish.registry import Registry
from rnd_rehearsal.engine import docker_engine
from tests.helpers.image_sandbox import IMAGE
from tests.helpers.machine import BASE_IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox

SHARED = "localhost/rnd-base:shared"
UPLOAD = re.compile(r"PUT .*/blobs/uploads/.*digest=(sha256:|sha256%3A)(?P<digest>[0-9a-f]{64})")


@dataclass
class Uploads:
    """Notes which blobs the registry takes."""

    digests: set[str] = field(default_factory=set)

    def __call__(self, request: str, act: Callable[[], Answer]) -> Answer:
        if found := UPLOAD.match(request):
            self.digests.add(f"sha256:{found['digest']}")
        return act()


@pytest.fixture(scope="module")
def base(docker: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a base image, from which every builder has the very same."""
    file = tmp_path_factory.mktemp("base") / "base.tar"
    process.run("docker", "tag", BASE_IMAGE, SHARED, extra=docker)
    process.run("docker", "save", "--output", str(file), SHARED, extra=docker)
    return file


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stages that are built, in order."""
    built: list[str] = []

    def run(root: Path, arguments: Sequence[str], registry: Registry, variables: Mapping[str, str | None]) -> list[str]:
        built.extend(one.removeprefix("--target=") for one in arguments if one.startswith("--target="))
        return run_script(root, arguments, registry, variables)

    monkeypatch.setattr(assembly, "run_script", run)
    return built


@pytest.fixture
def clean_docker(base: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a Docker daemon that has the base image and nothing else."""
    with docker_engine() as variables:
        process.run("docker", "load", "--quiet", "--input", str(base), extra=variables)
        yield variables


def push(sandbox: Sandbox, builder: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """Push an image as a job of `main`, and return its manifest with what the registry took."""
    uploads = Uploads()
    sandbox.registry.around = uploads
    capsys.readouterr()
    given = ("--identity", "candidate", "--base-image", SHARED, "--builder", builder, "--json", *options)
    assert cli.main([*IMAGE, *given]) == 0
    made = json.loads(capsys.readouterr().out)
    registry = Registry(sandbox.registry.host, "AWS", sandbox.registry.token)
    image = registry.look(f"candidate/{sandbox.name}", made["digest"])
    assert image is not None
    manifest = json.loads(image.manifest)
    config = json.loads(registry.read_blob(f"candidate/{sandbox.name}", manifest["config"]["digest"]))
    layers = [layer["digest"] for layer in manifest["layers"]]
    found = {"digest": image.digest, "configuration": manifest["config"]["digest"], "config": config, "layers": layers}
    return {**found, "uploads": uploads.digests}


def run_with_buildah(sandbox: Sandbox, digest: str, *command: str) -> str:
    """Run a command in an image that buildah fetches from the registry; by default the one that the image names."""
    image = f"{sandbox.registry.host}/candidate/{sandbox.name}@{digest}"
    container = process.run("buildah", "from", "--creds", f"AWS:{sandbox.registry.token}", image).strip()
    try:
        given = command or json.loads(process.run("buildah", "inspect", container))["OCIv1"]["config"]["Cmd"]
        return process.run("buildah", "run", container, "--", *given).strip()
    finally:
        process.run("buildah", "rm", container)


def test_every_builder_and_every_machine_makes_the_same_image(
    sandbox: Sandbox,
    base: Path,
    buildah: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process.run("buildah", "pull", "--quiet", f"docker-archive:{base}", extra=buildah)
    sandbox.publish()
    made = []
    for run, (builder, engine) in enumerate({"docker": {}, "buildah": buildah}.items()):
        for name, value in engine.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GITHUB_RUN_ID", str(run))
        made.append(push(sandbox, builder, capsys))
        if builder == "buildah":
            assert run_with_buildah(sandbox, made[-1]["digest"]) == "0.1.0"
            assert run_with_buildah(sandbox, made[-1]["digest"], "id", "-u") == "1000"
            assert run_with_buildah(sandbox, made[-1]["digest"], "align") == "aligned"
        sandbox.forget()
    first, second = made
    assert first["config"] == second["config"]
    assert first["digest"] == second["digest"]


def test_a_machine_with_nothing_neither_builds_nor_uploads_the_dependencies(
    sandbox: Sandbox,
    clean_docker: dict[str, str],
    stages: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Code and version have changed, the lock file has not."""
    sandbox.publish()
    before = push(sandbox, "docker", capsys)
    assert stages == ["base", "environment", "package"]
    module = sandbox.folder / "src" / "aligner" / "align.py"
    module.write_text(module.read_text().replace("'aligned'", "'aligned again'"))
    sandbox.commit("fix: align again")
    assert cli.main(["version", "set", "--quiet", "0.2.0"]) == 0
    sandbox.publish()

    for name, value in clean_docker.items():
        monkeypatch.setenv(name, value)
    stages.clear()
    after = push(sandbox, "docker", capsys)
    assert stages == ["base", "package"]
    shared = [layer for layer in after["layers"] if layer in before["layers"]]
    assert after["layers"] == [*shared, *(set(after["layers"]) - set(shared))], "only the package is another layer"
    assert len(after["layers"]) - len(shared) == 1
    assert after["uploads"] == {after["layers"][-1], after["configuration"]}
    assert {**after["config"]["config"], "Labels": {}} == {**before["config"]["config"], "Labels": {}}

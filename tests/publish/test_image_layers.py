"""The same commit gives the same image, and what a registry has is neither built nor uploaded again: real builds."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli, process
from rnd.publish import assembly
from rnd.publish.containers import run_script
from rnd.publish.registry import Registry
from rnd_rehearsal.engine import docker_engine
from tests.helpers.git import git
from tests.helpers.image_sandbox import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox

UPLOAD = re.compile(r"PUT .*/blobs/uploads/.*digest=(sha256:|sha256%3A)(?P<digest>[0-9a-f]{64})")


@dataclass
class Uploads:
    """Notes which blobs the registry takes."""

    digests: set[str] = field(default_factory=set)

    def __call__(self, request: str, act: Callable[[], Answer]) -> Answer:
        if found := UPLOAD.match(request):
            self.digests.add(f"sha256:{found['digest']}")
        return act()


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
def clean_docker(base_archive: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a Docker daemon that has the base image and nothing else."""
    with docker_engine() as variables:
        process.run("docker", "load", "--quiet", "--input", str(base_archive), extra=variables)
        yield variables


def push(sandbox: Sandbox, builder: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """Push an image as a job of `main`, and return its manifest with what the registry took."""
    uploads = Uploads()
    sandbox.registry.around = uploads
    capsys.readouterr()
    given = ("--identity", "candidate", "--builder", builder, "--json", *options)
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
    clean_docker: dict[str, str],
    buildah: dict[str, str],
    stages: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a machine that has nothing neither builds nor uploads the dependencies, which have not changed since."""
    sandbox.publish()
    commit = git(sandbox.folder, "rev-parse", "HEAD")
    first = push(sandbox, "docker", capsys)
    assert stages == ["base", "environment", "package"]

    module = sandbox.folder / "src" / "aligner" / "align.py"
    module.write_text(module.read_text().replace("'aligned'", "'aligned again'"))
    sandbox.commit("fix: align again")
    assert cli.main(["version", "set", "--quiet", "0.2.0"]) == 0
    sandbox.publish()
    use(clean_docker, stages, monkeypatch)
    after = push(sandbox, "docker", capsys)
    assert stages == ["base", "package"]
    shared = [layer for layer in after["layers"] if layer in first["layers"]]
    assert after["layers"] == [*shared, *(set(after["layers"]) - set(shared))], "only the package is another layer"
    assert len(after["layers"]) - len(shared) == 1
    assert after["uploads"] == {after["layers"][-1], after["configuration"]}
    assert {**after["config"]["config"], "Labels": {}} == {**first["config"]["config"], "Labels": {}}

    sandbox.forget()
    git(sandbox.folder, "checkout", "--quiet", "--force", commit)
    use(buildah, stages, monkeypatch)
    second = push(sandbox, "buildah", capsys)
    assert stages == ["base", "environment", "package"]
    assert run_with_buildah(sandbox, second["digest"]) == "0.1.0"
    assert run_with_buildah(sandbox, second["digest"], "id", "-u") == "1000"
    assert run_with_buildah(sandbox, second["digest"], "align") == "aligned"
    assert first["config"] == second["config"]
    assert first["digest"] == second["digest"]


def use(engine: dict[str, str], stages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another run build with another engine."""
    stages.clear()
    for name, value in {**engine, "GITHUB_RUN_ID": str(int(os.environ.get("GITHUB_RUN_ID", "0")) + 1)}.items():
        monkeypatch.setenv(name, value)

"""`rnd release image`: from a published package to an image registry, in any number of runs."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import boto3
import pytest

from rnd import cli, process
from rnd.manifest import write_version
from rnd.providers import ecr
from rnd.publish.registry import Registry
from tests.helpers.git import git
from tests.helpers.image_sandbox import IMAGE, ORGANISATION
from tests.helpers.machine import BASE_IMAGE
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.publish.registry import Image
    from tests.helpers.image_sandbox import Sandbox

SMALL = pytest.mark.usefixtures("small_image")
LOOK = "import hashlib, os, aligner.align as it; print(hashlib.sha256(open(it.__file__, 'rb').read()).hexdigest())"


def set_version(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Set the version, and return it."""
    capsys.readouterr()
    assert cli.main(["version", "set", "--quiet", *options]) == 0
    return capsys.readouterr().out.strip()


def docker(*arguments: str, **given: str) -> str:
    """Run Docker and return what it said."""
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, **given)  # pyrefly: ignore[no-matching-overload]
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout).strip()


def fetch(sandbox: Sandbox, tag: str) -> str:
    """Fetch an image from the registry, as a user would, and return its name."""
    docker("login", "--username", "AWS", "--password-stdin", sandbox.registry.host, input=sandbox.registry.token)
    image = f"{sandbox.repository}:{tag}"
    docker("image", "rm", "--force", image)
    docker("pull", "--quiet", image)
    return image


def run(image: str, *command: str) -> str:
    """Run a command in an image."""
    return docker("run", "--rm", "--network", "host", image, *command)


def look(sandbox: Sandbox, tag: str) -> Image:
    """Return an image as the registry has it."""
    found = Registry(sandbox.registry.host, "AWS", sandbox.registry.token).look(sandbox.name, tag)
    assert found is not None
    return found


def layers(sandbox: Sandbox, tag: str) -> list[str]:
    """Return the digests of an image's layers, as the registry has them."""
    return [layer["digest"] for layer in json.loads(look(sandbox, tag).manifest)["layers"]]


def check_content(sandbox: Sandbox, version: str) -> None:
    """Look whether the image of a version has the module of its wheel, and the floating tags name it."""
    wheel = next(path for path in sandbox.index.folder.iterdir() if f"-{version}-" in path.name)
    module = zipfile.ZipFile(wheel).read("aligner/align.py")
    for moving in ("stable", "latest"):
        assert run(fetch(sandbox, moving)) == version
    assert run(fetch(sandbox, version), "python", "-c", LOOK) == hashlib.sha256(module).hexdigest()


def test_the_image_of_a_pull_request_and_then_of_the_release(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    development = set_version(capsys, "--dev")
    sandbox.publish()
    assert [sandbox.complete() for _ in range(2)] == [0, 0]
    tag = development.replace("+", "-")
    assert list(sandbox.images()) == [tag]
    image = fetch(sandbox, tag)
    assert run(image) == development
    assert run(image, "id", "-u") == "1000"
    assert run(image, "align") == "aligned"

    git(sandbox.folder, "restore", ".")
    version = set_version(capsys)
    sandbox.commit(f"chore(release): set version to {version}")
    sandbox.publish()
    assert sandbox.release() == 0
    said = capsys.readouterr()
    images = sandbox.images()
    assert set(images) == {tag, version, "stable", "latest"}
    assert images[version] == images["stable"] == images["latest"] != images[tag]
    assert [line.split()[0] for line in said.out.splitlines()] == [images[version]] * 3
    assert (
        look(sandbox, version).labels.items()
        >= {
            "org.opencontainers.image.revision": git(sandbox.folder, "rev-parse", "HEAD"),
            "org.opencontainers.image.title": sandbox.name,
            "org.opencontainers.image.vendor": ORGANISATION.name,
            "org.opencontainers.image.version": version,
        }.items()
    )
    check_content(sandbox, version)

    assert sandbox.complete("--quiet") == 0
    assert sandbox.images() == images
    # Dependencies are not installed again for another version: the images share every layer but the last.
    before, after = layers(sandbox, tag), layers(sandbox, version)
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


@SMALL
def test_the_aws_cli_sees_what_was_made(sandbox: Sandbox) -> None:
    sandbox.publish()
    assert sandbox.release("--quiet") == 0
    place = ("--region", ORGANISATION.require_aws().region, "--repository-name", sandbox.name)
    (image,) = sandbox.aws("ecr", "describe-images", *place)["imageDetails"]
    assert set(image["imageTags"]) == {"0.1.0", "stable", "latest"}
    (repository,) = sandbox.aws("ecr", "describe-repositories", *place[:2], "--repository-names", sandbox.name)[
        "repositories"
    ]
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    given = sandbox.aws("ecr", "batch-get-image", *place, "--image-ids", "imageTag=stable")["images"][0]
    assert given["imageManifest"].encode() == look(sandbox, "0.1.0").manifest


@SMALL
def test_what_later_steps_of_a_workflow_need(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    sandbox.publish()
    assert sandbox.release("--quiet", "--tag", "stable  blue", "--github-output") == 0
    said = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    digest = sandbox.images()["0.1.0"]
    assert said == {
        "name": sandbox.repository,
        "digest": digest,
        "image": f"{sandbox.repository.partition('/')[2]}@{digest}",
    }
    assert set(said) == OUTPUTS["release image"]
    assert set(sandbox.images()) == {"0.1.0", "stable", "blue"}


@SMALL
def test_a_plan_changes_nothing(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.publish()
    capsys.readouterr()
    assert sandbox.release("--plan") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Plan: publish the image {sandbox.repository}:0.1.0. Nothing has been changed.",
        f"  • Create the image repository ({sandbox.name} is not there)",
        f"      create {sandbox.name}, its versions immutable, scanned on push",
        "  • Build and push the image (0.1.0 is not there)",
        f"      build and push {sandbox.repository}:0.1.0",
        "  • Move the tag stable (it is not there)",
        "      let stable name 0.1.0",
        "  • Move the tag latest (it is not there)",
        "      let latest name 0.1.0",
    ]
    assert not ecr.has_ecr_repository(ORGANISATION.require_aws(), sandbox.name, "0.1.0", ())


@SMALL
def test_as_data_and_with_other_tags(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.publish()
    results = []
    for options in (["--plan"], [], []):
        capsys.readouterr()
        assert sandbox.complete("--json", "--tag", "blue", *options) == 0
        document = json.loads(capsys.readouterr().out)
        results.append([(step["key"], step["result"]) for step in document["steps"]])
    assert results == [
        [(key, word) for key in ("create-repository", "push-image", "move-blue")]
        for word in ("needed", "applied", "done")
    ]
    assert document["image"] == f"{sandbox.repository}:0.1.0"
    assert document["wheels"] == sandbox.index.content()
    assert document["tags"] == ["0.1.0", "blue"] == sorted(sandbox.images())
    assert document["digest"] == sandbox.images()["blue"]


@SMALL
def test_a_release_that_is_run_again_does_not_take_the_tags_back(sandbox: Sandbox) -> None:
    sandbox.publish()
    assert sandbox.release("--quiet") == 0
    git(sandbox.folder, "tag", "old")
    write_version(sandbox.folder, "0.10.0")
    process.run("uv", "lock", "--quiet", cwd=sandbox.folder)
    sandbox.commit("feat: the next")
    sandbox.publish()
    assert sandbox.release("--quiet") == 0
    later = sandbox.images()
    assert later["stable"] == later["latest"] == later["0.10.0"] != later["0.1.0"]
    git(sandbox.folder, "checkout", "--quiet", "old")
    assert sandbox.complete("--quiet") == 0
    assert sandbox.images() == later


@SMALL
def test_any_other_registry(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that makes repositories by itself; the credentials come from the environment, AWS is not asked."""
    sandbox.publish()
    name = f"team/{sandbox.name}"
    ecr.create_ecr_repository(ORGANISATION.require_aws(), name, ["*"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    options = ("--registry", f"{sandbox.registry.host}/team", "--quiet")
    assert sandbox.release(*options) == 1
    assert "error[registry-refused]" in capsys.readouterr().err
    monkeypatch.setenv("RND_REGISTRY_USERNAME", "AWS")
    monkeypatch.setenv("RND_REGISTRY_PASSWORD", sandbox.registry.token)
    registry = Registry(sandbox.registry.host, "AWS", sandbox.registry.token)
    assert sandbox.release(*options) == 0
    there = registry.look(name, "0.1.0")
    assert there is not None
    assert sandbox.release(*options, "--digest", there.digest) == 0
    assert registry.look(name, "latest") == registry.look(name, "0.1.0") is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://{sandbox.registry.host}")
    boto3.client("ecr", region_name=ORGANISATION.require_aws().region).delete_repository(
        repositoryName=name, force=True
    )


def test_a_changed_line_does_not_install_the_dependencies_again(sandbox: Sandbox) -> None:
    """By hand, from the work tree."""

    def build() -> list[str]:
        command = [
            sys.executable,
            "docker/build.py",
            "--local",
            *IMAGE[2:4],
            "--base-image",
            BASE_IMAGE,
            "--tag",
            "here",
        ]
        subprocess.run(command, capture_output=True, check=True)
        layers: list[str] = json.loads(docker("image", "inspect", f"{sandbox.name}:here"))[0]["RootFS"]["Layers"]
        return layers

    before = build()
    assert docker("run", "--rm", "--network", "host", f"{sandbox.name}:here") == "0.1.0"
    module = sandbox.folder / "src" / "aligner" / "align.py"
    module.write_text(module.read_text().replace("'aligned'", "'aligned again'"))
    after = build()
    assert docker("run", "--rm", "--network", "host", f"{sandbox.name}:here", "align") == "aligned again"
    assert before[:-2] == after[:-2], "the environment is the same layer"
    assert before[-2:] != after[-2:]

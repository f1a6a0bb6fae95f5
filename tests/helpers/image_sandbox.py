"""A repository, the index that its package is on, and the registry that its image goes to."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rnd import cli, manifest
from rnd.organisation import load_organisation
from rnd.providers import aws
from rnd.publish.layers import compress_block
from rnd.publish.registry import Registry
from rnd.publish.target import version_tag
from tests.helpers.git import git
from tests.helpers.machine import BASE_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex
    from rnd_rehearsal.registry import ImageRegistry

ORGANISATION = load_organisation()
# What a release of a commit puts on the index, in this process.
PUBLISHED: dict[str, dict[str, bytes]] = {}
# Blocks of layers by digest, each with what it becomes, in this process.
COMPRESSED: dict[bytes, bytes] = {}
IMAGE = ("release", "image", "--network", "host", "--base-image", BASE_IMAGE)


def compress_once(block: bytes) -> bytes:
    """Compress a block of a layer as the product does, and keep it: builders make most of an image from the same files.

    `tests/publish/test_layers.py` tests that equal blocks always give equal bytes.
    """
    key = hashlib.sha256(block).digest()
    if key not in COMPRESSED:
        COMPRESSED[key] = compress_block(block)
    return COMPRESSED[key]


@dataclass(frozen=True)
class Sandbox:
    """What a test of images works with.

    Attributes:
        folder: The repository, which the test stands in.
        name: Of its package and image.
        index: The package index.
        registry: The image registry.
    """

    folder: Path
    name: str
    index: PackageIndex
    registry: ImageRegistry

    @property
    def repository(self) -> str:
        """The image's whole name, without a tag."""
        return f"{self.registry.host}/{self.name}"

    def release(self, *options: str) -> int:
        """Run `rnd release image` here."""
        return cli.main([*IMAGE, *options])

    def complete(self, *options: str) -> int:
        """Run `rnd release image`, with the digest of the image that an earlier run has pushed, if there is one."""
        tag = version_tag(manifest.read_version(self.folder))
        image = Registry(self.registry.host, "AWS", self.registry.token).look(self.name, tag)
        return self.release(*options, *(("--digest", image.digest) if image else ()))

    def publish(self) -> None:
        """Publish the package of the version that the repository has; one commit is built once."""
        commit = git(self.folder, "rev-parse", "HEAD") + git(self.folder, "status", "--porcelain")
        for name, content in PUBLISHED.get(commit, {}).items():
            (self.index.folder / name).write_bytes(content)
        if commit not in PUBLISHED:
            before = set(self.index.folder.iterdir())
            assert cli.main(["release", "package", "--wheel", "--quiet"]) == 0
            PUBLISHED[commit] = {file.name: file.read_bytes() for file in set(self.index.folder.iterdir()) - before}

    @cached_property
    def ecr(self) -> Any:  # noqa: ANN401
        """A client of AWS's API of the registry; it can be used again after it was closed."""
        return aws.client(ORGANISATION.require_aws().region, "ecr")

    def images(self) -> dict[str, str]:
        """Return the tags that the registry has, each with the digest of its image."""
        with closing(self.ecr) as client:
            details = client.describe_images(repositoryName=self.name)["imageDetails"]
        return {tag: image["imageDigest"] for image in details for tag in image.get("imageTags", [])}

    def forget(self) -> None:
        """Remove the repositories of this image from the registry, with all that is in them."""
        with closing(self.ecr) as client:
            for made in {self.name, f"dev/{self.name}", f"candidate/{self.name}"} & self.registry.movable.keys():
                client.delete_repository(repositoryName=made, force=True)
                del self.registry.movable[made]

    def commit(self, message: str) -> None:
        """Commit the work tree as it is."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)

    def aws(self, *arguments: str) -> Any:  # noqa: ANN401
        """Run the AWS CLI and return its answer."""
        command = ["uvx", "--quiet", "--from", "awscli", "aws", *arguments, "--output", "json"]
        said = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True).stdout
        return json.loads(said)

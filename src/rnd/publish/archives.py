"""Read an image from a file in the format of `docker save`, which Docker, podman and buildah can write.

See "Image JSON" and "Combined Image JSON + Filesystem Changeset Format" in
https://github.com/moby/docker-image-spec/blob/main/v1.2.md. Docker 25 and later put the layers where the OCI layout has
them, compressed if the image store keeps them so; `manifest.json` is the same.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from rnd.publish.errors import ImageInvalid

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Archive:
    """An image in a file.

    Attributes:
        config: Its configuration, as the builder has written it.
        layers: The names of its layers in the file, the lowest first.
        content: The file.
    """

    config: dict[str, Any]
    layers: tuple[str, ...]
    content: tarfile.TarFile

    @property
    def diff_ids(self) -> list[str]:
        """The digests of the uncompressed layers."""
        return [str(one) for one in self.config["rootfs"].get("diff_ids") or ()]

    @contextmanager
    def layer(self, number: int) -> Generator[IO[bytes]]:
        """Yield an uncompressed layer as a seekable file."""
        packed = _member(self.content, self.layers[number])
        start = packed.read(len(GZIP))
        packed.seek(0)
        if start != GZIP:
            yield packed
            return
        with TemporaryFile() as plain:
            copyfileobj(GzipFile(fileobj=packed), plain)
            plain.seek(0)
            yield plain


@contextmanager
def open_archive(path: Path) -> Generator[Archive]:
    """Open the file of an image.

    Raises:
        ImageInvalid: It is not the file of one image.
    """
    try:
        with tarfile.open(path, "r:") as content:
            (image,) = json.load(_member(content, "manifest.json"))
            config = json.load(_member(content, image["Config"]))
            archive = Archive(config, tuple(image["Layers"] or ()), content)
            if len(archive.diff_ids) != len(archive.layers):
                raise ValueError("it has a different number of layers than its configuration")
            yield archive
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise ImageInvalid(f"What the builder has saved is not an image: {error}.") from error


def _member(content: tarfile.TarFile, name: str) -> IO[bytes]:
    member = content.extractfile(name)  # follows a link to a layer that the file has already
    if member is None:
        raise ValueError(f"{name} is not a file")
    return member

"""What the manifest of an image consists of: other manifests, and blobs. Pure.

See https://github.com/opencontainers/image-spec/blob/main/manifest.md and image-index.md, and for Docker's own forms
https://distribution.github.io/distribution/spec/manifest-v2-2.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.publish.errors import ImageInvalid
from rnd.publish.registry import INDEXES, MANIFESTS, Blob

if TYPE_CHECKING:
    from rnd.publish.registry import Image

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_PARTS = 1000  # of one manifest


@dataclass(frozen=True)
class Parts:
    """What a manifest refers to.

    Attributes:
        manifests: The manifests of an index, one for each platform or attestation.
        blobs: The configuration and the layers of an image.
    """

    manifests: tuple[Blob, ...] = ()
    blobs: tuple[Blob, ...] = ()


def read_parts(image: Image) -> Parts:
    """Return what the manifest of an image, or the index of several platforms, refers to.

    Raises:
        ImageInvalid: The manifest is malformed, or has parts that lie outside the registry.
    """
    try:
        document = json.loads(image.manifest)
        kind = document.get("mediaType", image.media_type)
        if kind != image.media_type or kind not in (*MANIFESTS, *INDEXES):
            raise ValueError(f"its type is {kind}, and the registry says {image.media_type}")
        if kind in INDEXES:
            return Parts(manifests=tuple(map(_blob, _limited(document["manifests"]))))
        return Parts(blobs=tuple(map(_blob, (document["config"], *_limited(document["layers"])))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImageInvalid(f"{image.digest} is not an image that can be promoted: {error}.") from error


def _limited(parts: Any) -> list[Any]:  # noqa: ANN401 - whatever the manifest holds
    if not isinstance(parts, list) or len(parts) > MOST_PARTS:
        raise ValueError(f"it has no list of parts, or more than {MOST_PARTS}")
    return parts


def _blob(descriptor: dict[str, Any]) -> Blob:
    digest, size = descriptor["digest"], descriptor["size"]
    if not DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        raise ValueError(f"{digest!r} of {size!r} bytes is not a digest with a size")
    if descriptor.get("urls"):
        raise ValueError(f"{digest} lies outside the registry")
    return Blob(digest, size)

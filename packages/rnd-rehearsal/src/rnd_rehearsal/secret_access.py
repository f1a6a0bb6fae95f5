"""A sandbox whose organisation has no AWS account: two plain package indexes, and secrets of GitHub that open them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnd_rehearsal import package_index

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd_rehearsal.package_index import PackageIndex

REGISTRY = "127.0.0.1:1/images"  # where nothing listens: these sandboxes make no images


@contextmanager
def indexes(folder: Path) -> Generator[tuple[PackageIndex, PackageIndex]]:
    """Serve an index of releases and one of development versions, each with its own password.

    The password of development versions also reads releases, as builds of images need it.
    """
    with (
        package_index.serve(folder / "index") as releases,
        package_index.serve(folder / "index-dev") as development,
    ):
        releases.readers.add(development.token)
        yield releases, development


def values(
    organisation: Organisation, releases: PackageIndex, development: PackageIndex
) -> dict[tuple[str, ...], object]:
    """Return what org.yml is to contain; None removes a key."""
    addresses = {
        name: {"url": f"{index.url}simple/", "publish_url": index.url}
        for name, index in (("releases", releases), ("development", development))
    }
    image = organisation.image_registry.base_image
    return {
        ("package_index",): {"provider": "simple", **addresses},
        ("image_registry",): {"provider": "oci", "address": REGISTRY, "base_image": image},
        ("aws",): None,
    }


def secrets(index: PackageIndex) -> dict[str, str]:
    """Return the secrets of GitHub that open an index."""
    return {"RND_INDEX_USERNAME": package_index.USER, "RND_INDEX_PASSWORD": index.token}

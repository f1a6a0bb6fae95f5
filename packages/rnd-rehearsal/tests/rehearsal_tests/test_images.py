"""What a rehearsal sees of the images that it keeps; how they get there is in the scenarios."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx

from rnd_rehearsal.images import Images

if TYPE_CHECKING:
    from rnd_rehearsal.registry import ImageRegistry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_the_tags_of_an_image_with_their_digests(all_images: ImageRegistry) -> None:
    seen = Images(all_images, {}, "eu-west-1")
    assert seen.tags("lander") == {}
    target = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.CreateRepository"}
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ecr/aws4_request, x"}
    service = f"http://{all_images.host}"
    httpx.post(service, headers=target | signed, json={"repositoryName": "lander"}).raise_for_status()
    assert seen.tags("lander") == {}
    given = {"Authorization": f"Basic {all_images.basic}", "Content-Type": MANIFEST}
    contents = {"1": b"{}", "2": b"[]", "latest": b"[]"}
    for tag, content in contents.items():
        httpx.put(f"{service}/v2/lander/manifests/{tag}", headers=given, content=content).raise_for_status()
    digests = {tag: f"sha256:{hashlib.sha256(content).hexdigest()}" for tag, content in contents.items()}
    assert seen.tags("lander") == digests
    assert all_images.violations == []

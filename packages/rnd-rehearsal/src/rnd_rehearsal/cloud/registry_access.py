"""Which IAM actions a request to an image registry needs, as ECR checks them. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html and, for the
paths, https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs/uploads|blobs|tags)(?:/.*)?")
ACTIONS = {
    ("GET", "manifests"): "ecr:BatchGetImage",
    ("HEAD", "manifests"): "ecr:BatchGetImage",
    ("PUT", "manifests"): "ecr:PutImage",
    ("DELETE", "manifests"): "ecr:BatchDeleteImage",
    ("GET", "blobs"): "ecr:GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "ecr:BatchCheckLayerAvailability",
    ("POST", "blobs/uploads"): "ecr:InitiateLayerUpload",
    ("PATCH", "blobs/uploads"): "ecr:UploadLayerPart",
    ("GET", "blobs/uploads"): "ecr:UploadLayerPart",
    ("PUT", "blobs/uploads"): "ecr:CompleteLayerUpload",
    ("GET", "tags"): "ecr:ListImages",
}
MOUNT = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer")  # on the repository that has the layer


def of_client(method: str, target: str) -> list[tuple[str, str]] | None:
    """Return the actions that a client's request needs, each with its repository; None if ECR has no such path.

    `GET /v2/`, which only asks whether somebody is signed in, needs none.
    """
    address = urlsplit(target)
    if address.path == "/v2/":
        return []
    found = PATH.fullmatch(address.path)
    action = ACTIONS.get((method, found["kind"])) if found else None
    if found is None or action is None:
        return None
    needed = [(action, unquote(found["name"]))]
    source = parse_qs(address.query).get("from")
    if method == "POST" and source:
        needed += [(one, source[0]) for one in MOUNT]
    return needed


def of_operation(operation: str, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the actions that an operation of ECR's own API needs, each with its repository, or `*` if it has none."""
    names = [asked["repositoryName"]] if "repositoryName" in asked else asked.get("repositoryNames") or ["*"]
    return [(f"ecr:{operation}", name) for name in names]

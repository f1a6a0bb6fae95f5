"""AWS Lambda function of the publishing stack that keeps what branches publish from growing without end.

It is deployed as inline code, so it imports nothing from `rnd`. PREFIXES is a JSON object: the beginning of the names
of image repositories, and after how many days their images expire. INDEX is a JSON object with the arguments of
CodeArtifact for the index of development versions; KEPT is how many of the newest versions of each package stay.

- Lifecycle policies: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
- https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_DeletePackageVersions.html takes 100 versions.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 100  # versions that one call deletes


def lifecycle(days: int) -> dict[str, Any]:
    """Return the policy by which images expire some days after they were pushed."""
    selection = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}


def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Give every repository of branches its policy, and delete old development versions; return how many of each."""
    return {"policies": _expire(boto3.client("ecr")), "versions": _prune(boto3.client("codeartifact"))}


def _expire(registry: Any) -> int:  # noqa: ANN401 - a client of boto3
    given = 0
    prefixes: dict[str, int] = json.loads(os.environ["PREFIXES"])
    for page in registry.get_paginator("describe_repositories").paginate():
        for one in page["repositories"]:
            days = next((days for prefix, days in prefixes.items() if one["repositoryName"].startswith(prefix)), None)
            if days is not None:
                policy = json.dumps(lifecycle(days))
                registry.put_lifecycle_policy(repositoryName=one["repositoryName"], lifecyclePolicyText=policy)
                given += 1
    return given


def _prune(index: Any) -> int:  # noqa: ANN401 - a client of boto3
    deleted = 0
    where: dict[str, str] = json.loads(os.environ["INDEX"])
    for page in index.get_paginator("list_packages").paginate(**where, format="pypi"):
        for one in page["packages"]:
            old = list(_versions(index, where, one["package"]))[int(os.environ["KEPT"]) :]
            for start in range(0, len(old), MOST):
                index.delete_package_versions(
                    **where, format="pypi", package=one["package"], versions=old[start : start + MOST]
                )
            deleted += len(old)
    return deleted


def _versions(index: Any, where: Mapping[str, str], package: str) -> Iterator[str]:  # noqa: ANN401
    """Yield the published versions of a package, the newest first."""
    pages = index.get_paginator("list_package_versions").paginate(
        **where, format="pypi", package=package, status="Published", sortBy="PUBLISHED_TIME"
    )
    for page in pages:
        yield from (one["version"] for one in page["versions"])

"""Session policies: what one identity of one repository can do. Pure; standard library only.

The credentials of a session can do only what both the role and the session policy allow. So the session policy names
what it can write, and leaves the limits on reading and signing in to the role. Sources:

- Session policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
- Package ARNs; the namespace of a Python package is empty, so there are two slashes:
  https://docs.aws.amazon.com/codeartifact/latest/ug/auth-and-access-control-permissions-reference.html
- ECR actions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = dict[str, Any]

POLICY_VERSION = "2012-10-17"
# "The plaintext that you use for both inline and managed session policies can't exceed 2,048 characters":
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, Policy
MOST_CHARACTERS = 2048
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
CREATE = ("ecr:CreateRepository", "ecr:DescribeRepositories")
# Limited by the role alone: reading packages, and signing in to CodeArtifact and ECR.
READ = (
    "codeartifact:GetAuthorizationToken",
    "codeartifact:GetRepositoryEndpoint",
    "codeartifact:ReadFromRepository",
    "sts:GetServiceBearerToken",
    "ecr:GetAuthorizationToken",
)
# The folder of an identity's images in the registry; releases are at the top.
IMAGES = {"development": "dev/", "candidate": "candidate/", "release": ""}


def session_policy(place: Mapping[str, str], identity: str, package: str) -> Document:
    """Return the session policy of an identity for one repository.

    Args:
        place: `partition`, `region`, `account`, and the CodeArtifact `domain`, `releases` and `development`: the names
            of the domain and its two repositories.
        identity: development, candidate or release.
        package: The name of the repository's package and image.
    """
    statements = [allow(READ, ["*"])]
    index = {"development": place["development"], "release": place["releases"]}.get(identity)
    if index:
        statements.append(allow(("codeartifact:PublishPackageVersion",), [package_arn(place, index, package)]))
    own = image_arn(place, f"{IMAGES[identity]}{package}")
    statements.append(allow((*PULL, *PUSH, *CREATE), [own]))
    if identity == "release":
        candidate = image_arn(place, f"{IMAGES['candidate']}{package}")
        statements.append(allow((*PULL, "ecr:DescribeRepositories"), [candidate]))
    return document(statements)


def package_arn(place: Mapping[str, str], index: str, package: str) -> str:
    """Return the ARN of a Python package in a CodeArtifact repository; `*` as package matches all of them."""
    arn = f"arn:{place['partition']}:codeartifact:{place['region']}:{place['account']}"
    return f"{arn}:package/{place['domain']}/{index}/pypi//{package}"


def image_arn(place: Mapping[str, str], name: str) -> str:
    """Return the ARN of an ECR repository."""
    return f"arn:{place['partition']}:ecr:{place['region']}:{place['account']}:repository/{name}"


def allow(actions: Sequence[str], resources: Sequence[str]) -> Document:
    """Return a statement that allows actions on resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(statements: Sequence[Document]) -> Document:
    """Return a policy document with some statements."""
    return {"Version": POLICY_VERSION, "Statement": list(statements)}


def as_text(policy: Document) -> str:
    """Return a policy document in its shortest form."""
    return json.dumps(policy, separators=(",", ":"))

"""AWS ECR: sign-in to the image registry, and its repositories, which ECR does not create on push."""

from __future__ import annotations

import base64
from contextlib import closing
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rnd.errors import AwsRefused
from rnd.providers.aws import AwsCredentials, call, connect, happens
from rnd.providers.provider import RegistryAccess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boto3 import Session
    from botocore.config import Config
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.type_defs import RepositoryTypeDef

    from rnd.organisation import Aws, Organisation
    from rnd.providers.provider import Caller

EXCEPT = "IMMUTABLE_WITH_EXCLUSION"
MOST_EXCLUSIONS = 5  # the maximum number of mutable tags in an otherwise immutable ECR repository


class EcrRegistry:
    """The account's registry in ECR, as a caller reaches it. Its credentials are requested once."""

    creates_on_push = False
    most_floating: int | None = MOST_EXCLUSIONS

    def __init__(self, aws: Aws, caller: Caller) -> None:
        self.aws, self.caller = aws, caller

    @cached_property
    def credentials(self) -> AwsCredentials | None:
        """The credentials of the caller's identity; None where boto3 finds its own."""
        return self.caller.credentials()

    @cached_property
    def client(self) -> ECRClient:
        """The client with them, made once; it can be used again after it was closed."""
        return _ecr(self.aws.region, self.credentials)

    def sign_in(self) -> RegistryAccess:
        """Return the address of the registry, and a token that is valid for twelve hours.

        See https://docs.aws.amazon.com/AmazonECR/latest/APIReference, GetAuthorizationToken.

        Raises:
            RndError: See `rnd.providers.aws.call`.
        """
        with closing(self.client) as client:
            given = call(client.get_authorization_token)["authorizationData"][0]
        user, _, token = base64.b64decode(given["authorizationToken"]).decode().partition(":")
        return RegistryAccess(urlsplit(given["proxyEndpoint"]).netloc, "", user, token)

    def has_repository(self, name: str, tag: str, moving: Sequence[str]) -> bool:
        """Return whether the repository of an image exists; see `has_ecr_repository`."""
        return has_ecr_repository(self.aws, name, tag, moving, self.client)

    def create_repository(self, name: str, moving: Sequence[str]) -> None:
        """Create the repository of an image, unless it exists; see `create_ecr_repository`."""
        create_ecr_repository(self.aws, name, moving, self.client)


def image_registry(organisation: Organisation, caller: Caller) -> EcrRegistry:
    """Return the organisation's image registry."""
    return EcrRegistry(organisation.require_aws(), caller)


def has_ecr_repository(aws: Aws, name: str, tag: str, moving: Sequence[str], client: ECRClient | None = None) -> bool:
    """Return whether the registry has a repository for an image, in which the floating tags move and versions do not.

    Nothing here changes a repository: an identity that could do so could make versions mutable.

    Args:
        aws: The account.
        name: Of the repository.
        tag: The tag of a version, which must never come to name another image.
        moving: The floating tags.
        client: By default one with the credentials that boto3 finds.

    Raises:
        AwsRefused: The repository lets the version's tag move, or does not let a floating tag move.
        RndError: See `rnd.providers.aws.call`.
    """
    with closing(client or _ecr(aws.region, None)) as client:
        found = _describe_repository(client, aws, name)
    if found is None:
        return False
    change = f"aws ecr put-image-tag-mutability --repository-name {name} --image-tag-mutability"
    if _lets_move(found, tag):
        raise AwsRefused(
            f"The image repository {name} lets the tag {tag} move.",
            f"Find out who made or changed it, then make its tags immutable: `{change} IMMUTABLE`.",
        )
    fixed = [one for one in moving if not _lets_move(found, one)]
    if fixed:
        filters = [one["filter"] for one in found.get("imageTagMutabilityExclusionFilters", ())]
        kept = filters if found.get("imageTagMutability") == EXCEPT else []
        wanted = " ".join(f"filterType=WILDCARD,filter={one}" for one in (*kept, *fixed))
        raise AwsRefused(
            f"The image repository {name} does not let {', '.join(fixed)} move.",
            f"Ask an administrator of the account to run `{change} {EXCEPT} --image-tag-mutability-exclusion-filters "
            f"{wanted}`.",
        )
    return True


def _describe_repository(client: ECRClient, aws: Aws, name: str) -> RepositoryTypeDef | None:
    found: list[RepositoryTypeDef] = []
    happens(
        lambda: found.extend(
            client.describe_repositories(registryId=aws.account, repositoryNames=[name])["repositories"]
        ),
        unless="RepositoryNotFoundException",
    )
    return found[0] if found else None


def _lets_move(repository: RepositoryTypeDef, tag: str) -> bool:
    """Return whether a tag of an ECR repository may come to name another image."""
    mutability = repository.get("imageTagMutability", "MUTABLE")
    filters = [one["filter"] for one in repository.get("imageTagMutabilityExclusionFilters", ())]
    excluded = any(fnmatchcase(tag, one) for one in filters)
    if mutability.endswith("_WITH_EXCLUSION"):
        return excluded is mutability.startswith("IMMUTABLE")
    return mutability != "IMMUTABLE"


def create_ecr_repository(aws: Aws, name: str, moving: Sequence[str], client: ECRClient | None = None) -> None:
    """Create a repository for an image, with scan on push, unless it exists.

    Args:
        aws: The account.
        name: The name of the repository.
        moving: The mutable tags, at most `MOST_EXCLUSIONS`; all other tags are immutable.
        client: By default one with the credentials that boto3 finds.

    Raises:
        RndError: See `rnd.providers.aws.call`.
    """
    with closing(client or _ecr(aws.region, None)) as client:
        happens(
            lambda: client.create_repository(
                registryId=aws.account,
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": True},
                **_mutability(moving),
            ),
            unless="RepositoryAlreadyExistsException",
        )


def _mutability(moving: Sequence[str]) -> Any:  # noqa: ANN401 - keywords of two operations
    """Return the keywords of a request by which only some tags may move."""
    if not moving:  # ECR takes no empty list of filters
        return {"imageTagMutability": "IMMUTABLE"}
    filters = [{"filterType": "WILDCARD", "filter": tag} for tag in moving]
    return {"imageTagMutability": EXCEPT, "imageTagMutabilityExclusionFilters": filters}


def ecr_tags_at(endpoint: str, key: tuple[str, str], region: str, name: str) -> dict[str, str]:
    """Return the tags of an image repository with the digests of their images; empty if there is no repository.

    Args:
        endpoint: The URL of the service; overrides the environment.
        key: The access key id and its secret.
        region: The region of the registry.
        name: The name of the repository.

    Raises:
        RndError: See `rnd.providers.aws.call`.
    """
    tags: dict[str, str] = {}

    with closing(_ecr(region, AwsCredentials(*key, ""), endpoint)) as ecr:

        def look() -> None:
            for image in ecr.describe_images(repositoryName=name)["imageDetails"]:
                tags.update(dict.fromkeys(image.get("imageTags", ()), image["imageDigest"]))

        happens(look, unless="RepositoryNotFoundException")
    return tags


def _ecr(region: str, credentials: AwsCredentials | None, endpoint: str | None = None) -> ECRClient:
    def make(session: Session, config: Config) -> ECRClient:
        return session.client("ecr", config=config, endpoint_url=endpoint)

    return connect(region, make, credentials)

"""The organisation's AWS account: the only caller of boto3. Reads, and creates image repositories.

In a job, `rnd.ci.identity` passes credentials to these functions. Without them, boto3's own chain applies: environment,
SSO session, or the role of the machine. Endpoints can be changed with variables such as AWS_ENDPOINT_URL_ECR.
"""

from __future__ import annotations

import base64
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rnd.errors import AwsRefused, AwsUnavailable, ExtraMissing
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from boto3 import Session
    from botocore.config import Config
    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.type_defs import RepositoryTypeDef

    from rnd.organisation import Aws

    Response = TypeVar("Response")
    Client = TypeVar("Client")

LIFETIME = 900  # seconds; the minimum for CodeArtifact tokens, and more than one run needs
THROTTLED = 429
# JSON services report throttling with status 400 and one of these error codes.
THROTTLING = {"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
EXCEPT = "IMMUTABLE_WITH_EXCLUSION"
MOST_EXCLUSIONS = 5  # the maximum number of mutable tags in an otherwise immutable ECR repository


@dataclass(frozen=True)
class AwsCredentials:
    """Temporary credentials of a role: id of the key, key, session token. Only the id appears in messages."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


def codeartifact_access(
    aws: Aws, repository: str | None = None, credentials: AwsCredentials | None = None
) -> tuple[str, str]:
    """Return the URL of one of the organisation's package indexes, and a token for it that is valid for `LIFETIME`.

    See https://docs.aws.amazon.com/codeartifact/latest/APIReference, GetRepositoryEndpoint and GetAuthorizationToken.

    Args:
        aws: The account.
        repository: The repository in the domain; by default the one of releases.
        credentials: Those of a job; by default those that boto3 finds.

    Raises:
        ExtraMissing: boto3 is not installed.
        AwsRefused: AWS rejected the call, or there are no credentials.
        AwsUnavailable: AWS could not be reached on any attempt.
    """
    place = aws.codeartifact
    with closing(_codeartifact(aws.region, credentials)) as client:
        endpoint = call(
            lambda: client.get_repository_endpoint(
                domain=place.domain,
                domainOwner=aws.account,
                repository=repository or place.repository,
                format="pypi",
            )
        )
        token = call(
            lambda: client.get_authorization_token(
                domain=place.domain, domainOwner=aws.account, durationSeconds=LIFETIME
            )
        )
    return endpoint["repositoryEndpoint"], token["authorizationToken"]


def ecr_access(aws: Aws, credentials: AwsCredentials | None = None) -> tuple[str, str, str]:
    """Return the URL of the account's image registry, the user name, and a token that is valid for twelve hours.

    See https://docs.aws.amazon.com/AmazonECR/latest/APIReference, GetAuthorizationToken.

    Raises:
        RndError: See `codeartifact_access`.
    """
    with closing(_ecr(aws.region, credentials)) as client:
        given = call(client.get_authorization_token)["authorizationData"][0]
    user, _, token = base64.b64decode(given["authorizationToken"]).decode().partition(":")
    return given["proxyEndpoint"], user, token


def has_ecr_repository(
    aws: Aws, name: str, tag: str, moving: Sequence[str], credentials: AwsCredentials | None = None
) -> bool:
    """Return whether the registry has a repository for an image, in which the floating tags move and versions do not.

    Nothing here changes a repository: an identity that could do so could make versions mutable.

    Args:
        aws: The account.
        name: Of the repository.
        tag: The tag of a version, which must never come to name another image.
        moving: The floating tags.
        credentials: Those of a job; by default those that boto3 finds.

    Raises:
        AwsRefused: The repository lets the version's tag move, or does not let a floating tag move.
        RndError: See `codeartifact_access`.
    """
    with closing(_ecr(aws.region, credentials)) as client:
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
    _happens(
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


def create_ecr_repository(
    aws: Aws, name: str, moving: Sequence[str], credentials: AwsCredentials | None = None
) -> None:
    """Create a repository for an image, with scan on push, unless it exists.

    Args:
        aws: The account.
        name: The name of the repository.
        moving: The mutable tags, at most `MOST_EXCLUSIONS`; all other tags are immutable.
        credentials: Those of a job; by default those that boto3 finds.

    Raises:
        RndError: See `codeartifact_access`.
    """
    with closing(_ecr(aws.region, credentials)) as client:
        _happens(
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
        RndError: See `codeartifact_access`.
    """
    tags: dict[str, str] = {}

    with closing(_ecr(region, AwsCredentials(*key, ""), endpoint)) as ecr:

        def look() -> None:
            for image in ecr.describe_images(repositoryName=name)["imageDetails"]:
                tags.update(dict.fromkeys(image.get("imageTags", ()), image["imageDigest"]))

        _happens(look, unless="RepositoryNotFoundException")
    return tags


def _codeartifact(region: str, credentials: AwsCredentials | None) -> CodeArtifactClient:
    return _connect(region, lambda session, config: session.client("codeartifact", config=config), credentials)


def _ecr(region: str, credentials: AwsCredentials | None, endpoint: str | None = None) -> ECRClient:
    def make(session: Session, config: Config) -> ECRClient:
        return session.client("ecr", config=config, endpoint_url=endpoint)

    return _connect(region, make, credentials)


def client(region: str, service: str, credentials: AwsCredentials | None = None) -> Any:  # noqa: ANN401
    """Return a client of a service that has no type stubs here.

    Raises:
        RndError: See `codeartifact_access`.
    """
    return _connect(
        region,
        lambda session, config: session.client(service, config=config),  # type: ignore[call-overload]
        credentials,
    )


def _connect(
    region: str, make: Callable[[Session, Config], Client], credentials: AwsCredentials | None = None
) -> Client:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ExtraMissing.of("release", error.name) from error
    # No retries in botocore: `retry` does them, and reports them.
    config = Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 1})
    key: tuple[str | None, str | None, str | None] = (None, None, None)
    if credentials:
        key = (credentials.key_id, credentials.secret, credentials.token or None)
    try:
        return make(boto3.Session(*key, region), config)
    except (BotoCoreError, ValueError) as error:  # a profile or an address that does not exist
        raise AwsRefused(f"AWS cannot be called: {error}.") from error


def _happens(function: Callable[[], object], unless: str) -> bool:
    """Call AWS; return False if it answers with the error code `unless`, True if it succeeds."""
    from botocore.exceptions import ClientError

    try:
        call(function)
    except AwsRefused as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == unless:
            return False
        raise
    return True


def call(function: Callable[[], Response]) -> Response:
    """Call AWS, again after transient errors, and return its answer.

    Raises:
        RndError: See `codeartifact_access`.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

    def attempt() -> Response:
        try:
            return function()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            unavailable = status >= 500 or status == THROTTLED or error.response["Error"]["Code"] in THROTTLING
            raise (AwsUnavailable if unavailable else AwsRefused)(f"AWS rejected the call: {error}.") from error
        except (ConnectionError, HTTPClientError) as error:
            raise AwsUnavailable(f"AWS could not be reached: {error}.") from error
        except BotoCoreError as error:
            raise AwsRefused(f"AWS cannot be called: {error}.") from error

    return retry(attempt, AwsUnavailable)

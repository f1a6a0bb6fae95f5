"""The organisation's AWS account: the only caller of boto3. It reads, and changes nothing there.

Who asks is for boto3's own chain to say: environment, SSO session, or the role of the machine or the job. Addresses
too: AWS_ENDPOINT_URL_CODEARTIFACT and the like lead elsewhere.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rnd.errors import AwsRefused, AwsUnavailable, ExtraMissing
from rnd.retry import persist

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from types_boto3_codeartifact import CodeArtifactClient

    from rnd.organisation import Aws

    Response = TypeVar("Response")

LIFETIME = 900  # seconds; CodeArtifact gives no token for less, and one run takes a fraction of it
THROTTLED = 429


def codeartifact_access(aws: Aws) -> tuple[str, str]:
    """Return the address of the organisation's package index, and a token for it that lasts `LIFETIME`.

    See https://docs.aws.amazon.com/codeartifact/latest/APIReference, GetRepositoryEndpoint and GetAuthorizationToken.

    Raises:
        ExtraMissing: boto3 is not installed.
        AwsRefused: AWS says no, or there are no credentials.
        AwsUnavailable: AWS could not be reached, several times.
    """
    place = aws.codeartifact
    with closing(_client(aws.region)) as client:
        endpoint = _call(
            lambda: client.get_repository_endpoint(
                domain=place.domain, domainOwner=aws.account, repository=place.repository, format="pypi"
            )
        )
        token = _call(
            lambda: client.get_authorization_token(
                domain=place.domain, domainOwner=aws.account, durationSeconds=LIFETIME
            )
        )
    return endpoint["repositoryEndpoint"], token["authorizationToken"]


def _client(region: str) -> CodeArtifactClient:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ExtraMissing(f"The extra `release` of rnd is not installed: {error.name} is missing.") from error
    # What is tried again is tried by `persist`, which says so.
    config = Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 1})
    try:
        return boto3.Session(region_name=region).client("codeartifact", config=config)
    except (BotoCoreError, ValueError) as error:  # a profile or an address that does not exist
        raise AwsRefused(f"AWS cannot be called: {error}.") from error


def _call(call: Callable[[], Response]) -> Response:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

    def attempt() -> Response:
        try:
            return call()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            unavailable = status >= 500 or status == THROTTLED
            raise (AwsUnavailable if unavailable else AwsRefused)(f"AWS says no: {error}.") from error
        except (ConnectionError, HTTPClientError) as error:
            raise AwsUnavailable(f"AWS could not be reached: {error}.") from error
        except BotoCoreError as error:
            raise AwsRefused(f"AWS cannot be called: {error}.") from error

    return persist(attempt, AwsUnavailable)

"""AWS CodeArtifact: the address of a package index, and a token for it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rnd.providers.aws import LIFETIME, call, connect

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

    from rnd.organisation import Aws
    from rnd.providers.aws import AwsCredentials


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


def _codeartifact(region: str, credentials: AwsCredentials | None) -> CodeArtifactClient:
    return connect(region, lambda session, config: session.client("codeartifact", config=config), credentials)

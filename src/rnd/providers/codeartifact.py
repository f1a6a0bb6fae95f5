"""AWS CodeArtifact: the address of a package index, and a token for it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from rnd.providers.aws import LIFETIME, call, connect
from rnd.providers.provider import IndexAccess

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

    from rnd.organisation import Aws, CodeArtifact, Organisation
    from rnd.providers.aws import AwsCredentials
    from rnd.providers.provider import Caller

USER = "aws"  # the user name of every token
READING = 3600  # seconds that a token for reading lasts: a build of an image may install packages late
TOKEN_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"  # noqa: S105 - a variable that a job with `id-token: write` has


def is_own(place: CodeArtifact, host: str) -> bool:
    """Return whether a host is that of a domain: `DOMAIN-ACCOUNT.d.codeartifact.REGION.amazonaws.com`.

    The account and the region do not count, so a copy of the domain is of the same organisation.
    https://docs.aws.amazon.com/codeartifact/latest/ug/registry-settings.html

    Args:
        place: The domain.
        host: In lower case.
    """
    return host.startswith(f"{place.domain}-") and ".codeartifact." in host


class CodeArtifactIndex:
    """The organisation's repositories in CodeArtifact, as a caller reaches them."""

    account, hint = "AWS", "aws sso login"

    def __init__(self, aws: Aws, place: CodeArtifact, caller: Caller) -> None:
        self.aws, self.place, self.caller = aws, place, caller

    def sign_in(self, *, reading: bool = False) -> IndexAccess:
        """Return the address of the repository for the caller's identity, and a token.

        Raises:
            RndError: See `read_access`.
        """
        place = self.place
        repository = place.development_repository if self.caller.identity == "development" else place.repository
        credentials = self.caller.credentials(reading=reading)
        seconds = READING if reading else LIFETIME
        endpoint, token = read_access(self.aws, place.domain, repository, credentials, seconds)
        folder = endpoint if endpoint.endswith("/") else f"{endpoint}/"
        return IndexAccess(endpoint, urljoin(folder, "simple/"), USER, token)

    def can_read(self) -> bool:
        """Return whether the job can request an OIDC token: it has `id-token: write`, and comes from no fork."""
        return bool(self.caller.environ.get(TOKEN_URL))

    def examine(self) -> str:
        """Sign in, and return what can be read.

        Raises:
            RndError: See `read_access`.
        """
        self.sign_in(reading=True)
        return f"reads {self.place.domain}/{self.place.repository} in CodeArtifact"


def package_index(organisation: Organisation, caller: Caller) -> CodeArtifactIndex:
    """Return the organisation's package index."""
    return CodeArtifactIndex(organisation.require_aws(), organisation.require_codeartifact(), caller)


def read_access(
    aws: Aws, domain: str, repository: str, credentials: AwsCredentials | None = None, seconds: int = LIFETIME
) -> tuple[str, str]:
    """Return the URL of a repository, and a token for its domain.

    See https://docs.aws.amazon.com/codeartifact/latest/APIReference, GetRepositoryEndpoint and GetAuthorizationToken.
    How long the token is valid does not depend on the session of the role that requests it:
    https://docs.aws.amazon.com/codeartifact/latest/ug/tokens-authentication.html.

    Args:
        aws: The account.
        domain: The domain.
        repository: The repository in the domain.
        credentials: Those of a job; by default those that boto3 finds.
        seconds: How long the token is valid, from 900 to 43,200.

    Raises:
        ExtraMissing: boto3 is not installed.
        AwsRefused: AWS rejected the call, or there are no credentials.
        AwsUnavailable: AWS could not be reached on any attempt.
    """
    with closing(_client(aws.region, credentials)) as client:
        endpoint = call(
            lambda: client.get_repository_endpoint(
                domain=domain, domainOwner=aws.account, repository=repository, format="pypi"
            )
        )
        token = call(
            lambda: client.get_authorization_token(domain=domain, domainOwner=aws.account, durationSeconds=seconds)
        )
    return endpoint["repositoryEndpoint"], token["authorizationToken"]


def _client(region: str, credentials: AwsCredentials | None) -> CodeArtifactClient:
    return connect(region, lambda session, config: session.client("codeartifact", config=config), credentials)

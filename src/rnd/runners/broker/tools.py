"""The services that the broker calls: STS, SSM, KMS and GitHub, and what their errors mean. All effects are here.

Each call has a time limit and a few attempts, so that an answer takes less than the function's own time limit.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from botocore.exceptions import BotoCoreError, ClientError

from .refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT = 3  # seconds for one attempt
ATTEMPTS = 3  # of a call to GitHub
AWS_ATTEMPTS = 2
LARGEST = 1 << 20  # bytes of an answer of GitHub
UNAVAILABLE = {
    *("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "InternalFailure"),
    *(
        "ServiceUnavailable",
        "IDPCommunicationError",
        "InternalServerError",
        "TooManyUpdates",
        "KMSInternalException",
        "DependencyTimeoutException",
    ),
}


class Client(Protocol):
    """A boto3 client for STS, SSM or KMS, as far as the broker uses it."""

    def assume_role(self, **arguments: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html."""

    def assume_role_with_web_identity(self, **arguments: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html."""

    def get_parameter(self, **arguments: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html."""

    def put_parameter(self, **arguments: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html."""

    def sign(self, **arguments: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html."""


class Tools:
    """The services.

    Args:
        sts: A client for STS, with the credentials of the broker.
        ssm: A client for SSM's parameter store.
        kms: A client for KMS.
        api: The address of GitHub's REST API.
        now: The clock, in seconds since 1970.
        sleep: Waits before another attempt.
    """

    def __init__(
        self,
        sts: Client,
        ssm: Client,
        kms: Client,
        api: str,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.sts, self.ssm, self.kms, self.api = sts, ssm, kms, api.rstrip("/")
        self.now, self._sleep = now, sleep
        self._opener = build_opener(_NoRedirects)

    def verify(self, role: str, token: str, session: str) -> Mapping[str, Any]:
        """Let STS verify a token against the trust policy of a role, and return the answer of STS.

        Raises:
            Refused: STS does not accept the token.
        """
        try:
            return self.sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName=session, WebIdentityToken=token, DurationSeconds=900
            )
        except (ClientError, BotoCoreError) as error:
            _refuse_sts(error)

    def stored(self, parameter: str) -> str | None:
        """Return the value of a parameter, or None if there is none.

        Raises:
            Refused: SSM does not answer.
        """
        answer = self._parameter("get_parameter", "ParameterNotFound", Name=parameter)
        return None if answer is None else str(answer["Parameter"]["Value"])

    def store(self, parameter: str, value: str) -> bool:
        """Store a parameter and return True, or return False if it exists: it is never replaced.

        Raises:
            Refused: SSM does not answer.
        """
        wanted = {"Name": parameter, "Value": value, "Type": "String", "Overwrite": False}
        return self._parameter("put_parameter", "ParameterAlreadyExists", **wanted) is not None

    def _parameter(self, operation: str, unless: str, **arguments: object) -> Mapping[str, Any] | None:
        """Call SSM and return its answer, or None if it answers with the error `unless`."""
        try:
            answer: Mapping[str, Any] = getattr(self.ssm, operation)(**arguments)
        except (ClientError, BotoCoreError) as error:
            if _code(error) == unless:
                return None
            if _code(error) in UNAVAILABLE or not _code(error):
                raise Refused("aws-unavailable", f"SSM did not answer: {_named(error)}. Re-run the job.") from error
            raise Refused(
                "misconfigured",
                f"The broker cannot use {arguments['Name']}: {_named(error)}. Deploy the publishing stack again.",
            ) from error
        return answer

    def assume(self, role: str, policy: str, session: str, seconds: int) -> Mapping[str, Any]:
        """Return credentials of a role, limited by a session policy.

        Raises:
            Refused: STS gives none.
        """
        try:
            answer = self.sts.assume_role(RoleArn=role, RoleSessionName=session, Policy=policy, DurationSeconds=seconds)
        except (ClientError, BotoCoreError) as error:
            if _code(error) in UNAVAILABLE or not _code(error):
                raise Refused("aws-unavailable", f"STS did not answer: {_named(error)}. Re-run the job.") from error
            raise Refused(
                "misconfigured", f"The broker cannot assume {role}: {_named(error)}. Deploy the publishing stack again."
            ) from error
        credentials: Mapping[str, Any] = answer["Credentials"]
        return credentials

    def sign(self, key: str, message: bytes) -> bytes:
        """Return the RS256 signature of a message with a key in KMS.

        Raises:
            Refused: KMS does not sign.
        """
        try:
            answer = self.kms.sign(
                KeyId=key, Message=message, MessageType="RAW", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256"
            )
        except (ClientError, BotoCoreError) as error:
            if _code(error) in UNAVAILABLE or not _code(error):
                raise Refused("aws-unavailable", f"KMS did not answer: {_named(error)}. Re-run the job.") from error
            raise Refused(
                "signing-refused",
                f"KMS does not sign with {key}: {_named(error)}. Import the key of the app, as "
                "docs/how-to/set-up-the-pipeline.md describes.",
            ) from error
        signature: bytes = answer["Signature"]
        return signature

    def github(self, method: str, path: str, jwt: str, body: object) -> dict[str, Any]:
        """Call GitHub's REST API as an app, and return the answer.

        Raises:
            Refused: GitHub refuses, or does not answer in three attempts.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {jwt}",
            "Content-Type": "application/json",
            "User-Agent": "rnd-broker",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(attempt)
            request = Request(self.api + path, data, headers, method=method)  # noqa: S310 - the broker's own setting
            try:
                with self._opener.open(request, timeout=TIMEOUT) as response:
                    answer = json.loads(response.read(LARGEST))
                    if isinstance(answer, dict):
                        return answer
                    raise Refused("github-refused", f"GitHub answered {method} {path} with an unexpected document.")
            except HTTPError as error:
                with error:
                    if error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
                        raise _refused_by_github(method, path, error.code) from error
                    reason = f"{error.code} {error.reason}"
            except (URLError, OSError, ValueError, http.client.HTTPException) as error:
                reason = type(error).__name__
        raise Refused("github-unavailable", f"GitHub did not answer {method} {path}: {reason}. Re-run the job.")


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is an error: the token of the app is for the configured host only."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _refused_by_github(method: str, path: str, status: int) -> Refused:
    hint = {
        401: "The key in KMS is not a key of this app: import the right one.",
        404: "Install the app on the repository.",
        422: "Give the app the permissions that docs/how-to/set-up-the-pipeline.md lists, and accept them.",
    }.get(status, "Look at the app's settings.")
    return Refused("github-refused", f"GitHub answered {method} {path} with {status}. {hint}")


def _refuse_sts(error: Exception) -> NoReturn:
    """Raise the refusal for an error of AssumeRoleWithWebIdentity.

    Its errors: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
    """
    code = _code(error)
    if code == "ExpiredTokenException":
        raise Refused("expired-token", "STS says that the OIDC token has expired. Re-run the job.") from error
    if code in {"InvalidIdentityToken", "IDPRejectedClaim"}:
        raise Refused("invalid-token", f"STS rejects the OIDC token: {code}.") from error
    if code in {"AccessDenied", "AccessDeniedException"}:
        raise Refused(
            "not-trusted",
            "STS does not trust this job with the identity: its ref, environment or workflow is not the one that the "
            "identity is for. docs/threats.md lists them.",
        ) from error
    if code in UNAVAILABLE or not code:
        raise Refused("aws-unavailable", f"STS did not answer: {_named(error)}. Re-run the job.") from error
    raise Refused("misconfigured", f"STS cannot verify the OIDC token: {code}.") from error


def _code(error: Exception) -> str:
    """Return the code of an AWS error, or an empty text if AWS did not answer."""
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) and "Error" in response else ""


def _named(error: Exception) -> str:
    """Return the code of an AWS error or the class of another one; messages can repeat what was sent."""
    return _code(error) or type(error).__name__

"""Verifies the signature of a request to AWS, version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rnd_rehearsal.cloud.account import Denied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd_rehearsal.cloud.account import Account, Session

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<date>\d{8})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
CLOCK = 300  # seconds that a signature is valid
NEEDED = {"host", "x-amz-date"}


def verify(
    account: Account, service: str, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Session:
    """Return the session that signed a request.

    Args:
        account: Whose sessions.
        service: The name for which the request must be signed, such as `sts`.
        method: Of HTTP.
        target: The path and the query.
        headers: Of the request.
        body: Of the request.

    Raises:
        Denied: The request is not signed, or not by a session of the account.
    """
    given = {name.lower(): value for name, value in headers.items()}
    found = AUTHORIZATION.fullmatch(given.get("authorization", ""))
    if found is None:
        raise Denied("MissingAuthenticationTokenException", "Missing Authentication Token")
    token = given.get("x-amz-security-token")
    session = account.find(found["key"], token)
    signed = found["headers"].split(";")
    needed = NEEDED | ({"x-amz-security-token"} if token else set())
    moment = given.get("x-amz-date", "")
    if not needed <= set(signed) or not _recent(moment) or moment[:8] != found["date"]:
        raise Denied("SignatureDoesNotMatch", "The signature has expired, or does not cover the needed headers.")
    if (found["service"], found["region"]) != (service, account.region):
        raise Denied("SignatureDoesNotMatch", f"Credential should be scoped to {account.region}/{service}.")
    address = f"http://{given['host']}{target}"
    request = AWSRequest(method, address, {name: given.get(name, "") for name in signed}, body)
    request.context["timestamp"] = moment
    signer = SigV4Auth(Credentials(*session.key), service, account.region)
    expected = signer.signature(signer.string_to_sign(request, _canonical(signer, request)), request)
    if not hmac.compare_digest(expected, found["signature"]):
        raise Denied("SignatureDoesNotMatch", "The request signature does not match the signature you provided.")
    return session


def _canonical(signer: SigV4Auth, request: AWSRequest) -> str:
    """Return the canonical request, in which the digest is that of the body, whatever a header says."""
    del request.headers["X-Amz-Content-SHA256"]
    return str(signer.canonical_request(request))


def _recent(moment: str) -> bool:
    try:
        then = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs((datetime.now(UTC) - then).total_seconds()) < CLOCK

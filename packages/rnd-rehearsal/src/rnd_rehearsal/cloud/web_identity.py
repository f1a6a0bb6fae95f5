"""Verifies the OpenID Connect token of a job as STS does: issuer, signature, audience, times.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rnd_rehearsal.cloud.account import Denied

# The condition keys that STS fills from a token of GitHub: AWS, "Available keys for AWS OIDC federation",
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
KEYS = (
    "actor",
    "actor_id",
    "aud",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "sub",
    "workflow",
)
ALGORITHMS = ["RS256"]
LEEWAY = 0  # seconds


@dataclass(frozen=True)
class IdentityProvider:
    """An OpenID Connect provider that the account trusts.

    Attributes:
        host: The issuer without its scheme: what condition keys begin with.
        audiences: The client ids that the account registered.
        address: Where the issuer's metadata is; on the internet, this is the issuer itself.
    """

    host: str
    audiences: frozenset[str]
    address: str

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys that trust policies may use."""
        return frozenset(f"{self.host}:{key}" for key in KEYS)

    def context(self, claims: dict[str, Any]) -> dict[str, str]:
        """Return the values of the condition keys."""
        return {f"{self.host}:{key}": str(claims[key]) for key in KEYS if key in claims}

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token.

        Raises:
            Denied: The token is malformed, expired, for another audience, or the issuer's keys do not verify it.
        """
        metadata = _load(f"{self.address}/.well-known/openid-configuration")
        keys = KeySet.import_key_set(_load(metadata["jwks_uri"]))
        try:
            jws.extract_compact(token.encode())
            claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Denied("InvalidIdentityToken", f"Couldn't verify the token: {type(error).__name__}") from error
        if claims.get("iss") != metadata["issuer"] or metadata["issuer"] != f"https://{self.host}":
            raise Denied("InvalidIdentityToken", "No OpenIDConnect provider found in your account for this issuer")
        if claims.get("aud") not in self.audiences:
            raise Denied("InvalidIdentityToken", "Incorrect token audience")
        moment = time.time()
        if not moment < float(claims.get("exp", 0)) + LEEWAY:
            raise Denied("ExpiredTokenException", "Token expired")
        if not float(claims.get("nbf", 0)) <= moment + LEEWAY or "iat" not in claims or not claims.get("sub"):
            raise Denied("InvalidIdentityToken", "The token is not valid yet, or lacks a claim")
        return claims


def _load(address: str) -> Any:  # noqa: ANN401 - any JSON
    with urlopen(address, timeout=10) as answer:  # noqa: S310 - the fake GitHub
        return json.load(answer)

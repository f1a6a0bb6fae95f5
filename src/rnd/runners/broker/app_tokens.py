"""Installation tokens of GitHub Apps, limited to one repository. The key of an app stays in KMS, which signs with it.

- The JWT of an app: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
- Its token: https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
- Signing: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html; `RAW` takes up to 4,096 bytes, and RS256
  is RSASSA_PKCS1_V1_5_SHA_256.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from .refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .claims import Job
    from .tools import Tools

PERMISSIONS = {
    "version": {"contents": "write"},
    "release": {"contents": "write", "workflows": "write"},
}
LIFETIME = 540  # seconds; GitHub accepts at most ten minutes
DRIFT = 60  # seconds that the clocks may differ, as GitHub recommends


def installation_token(tools: Tools, configuration: Mapping[str, Any], app: str, job: Job) -> dict[str, str]:
    """Return a token of an app for the repository of a job.

    Args:
        tools: The services.
        configuration: The broker's.
        app: `version` or `release`.
        job: The job, from verified claims.

    Raises:
        Refused: There is no such app, KMS does not sign, or GitHub gives no token.
    """
    known = configuration["apps"].get(app)
    if not known:
        raise Refused("no-app", f"org.yml has no github.apps.{app}; use GITHUB_TOKEN.")
    jwt = sign(tools, known["key"], known["client_id"])
    installation = tools.github("GET", f"/repos/{job.owner}/{job.repository}/installation", jwt, None)
    number = installation.get("id")
    if not isinstance(number, int):
        raise Refused("github-refused", f"The app {app} is not installed on {job.owner}/{job.repository}.")
    wanted = {"repository_ids": [int(job.repository_id)], "permissions": PERMISSIONS[app]}
    given = tools.github("POST", f"/app/installations/{number}/access_tokens", jwt, wanted)
    if [one.get("id") for one in given.get("repositories", [])] != wanted["repository_ids"]:
        raise Refused("github-refused", "GitHub gave a token that is not limited to this repository.")
    return {"github_token": str(given["token"]), "expires": str(given["expires_at"])}


def sign(tools: Tools, key: str, client_id: str) -> str:
    """Return the signed JWT of an app.

    Raises:
        Refused: KMS does not sign.
    """
    now = int(tools.now())
    payload = {"iat": now - DRIFT, "exp": now + LIFETIME, "iss": client_id}
    text = f"{_encode(_json({'alg': 'RS256', 'typ': 'JWT'}))}.{_encode(_json(payload))}"
    return f"{text}.{_encode(tools.sign(key, text.encode()))}"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

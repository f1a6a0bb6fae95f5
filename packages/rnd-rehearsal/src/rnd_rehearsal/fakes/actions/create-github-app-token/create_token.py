"""Gets a token of a GitHub App's installation, as its action does: by a JSON web token that the private key signs."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

given = os.environ
PREFIX = "PERMISSION_"


def encode(content: bytes) -> str:
    """Write bytes as a JSON web token has them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def web_token() -> str:
    """Return a token that proves who has the private key, for a minute."""
    key = serialization.load_pem_private_key(given["PRIVATE_KEY"].encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SystemExit("The private key is not an RSA key.")
    claims = {"iss": given["CLIENT"], "iat": int(time.time()) - 30, "exp": int(time.time()) + 60}
    parts = [encode(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    signature = key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join((*parts, encode(signature)))


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the API as the app."""
    headers = {"Authorization": f"Bearer {web_token()}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    with urlopen(Request(given["GITHUB_API_URL"] + path, content, headers, method=method)) as response:  # noqa: S310
        document: dict[str, Any] = json.load(response)
    return document


installation = ask("GET", f"/repos/{given['GITHUB_REPOSITORY']}/installation")
permissions = {
    name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name.startswith(PREFIX) and value
}
wanted = {"repositories": [given["GITHUB_REPOSITORY"].partition("/")[2]], "permissions": permissions}
made = ask("POST", f"/app/installations/{installation['id']}/access_tokens", wanted)
print(f"::add-mask::{made['token']}")
with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
    outputs.write(f"token={made['token']}\napp-slug={installation['app_slug']}\n")
    outputs.write(f"installation-id={installation['id']}\n")

"""GitHub Apps: who they are, and the JSON web tokens that they prove it with.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from fake_github.records import App
from fake_github.state import Account, Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fake_github.hub import Hub

BITS = 2048
LONGEST = 600  # seconds that GitHub lets such a token last


def add(hub: Hub, slug: str, organisation: str, permissions: Mapping[str, str]) -> tuple[str, str]:
    """Add an app, installed in all of an organisation's repositories, and return its client id and its private key."""
    owner = hub.state.organisation(organisation)
    if owner is None:
        raise ValueError(f"There is no organisation {organisation}.")
    key = rsa.generate_private_key(65537, BITS)
    account = hub.state.account(f"{slug}[bot]") or Account(hub.state.next_id(), f"{slug}[bot]", "Bot")
    hub.state.accounts[account.login.lower()] = account
    number = hub.state.next_id()
    client_id = f"Iv23li{number:014}"
    app = App(account.id, slug, client_id, hub.state.next_id(), account, owner, dict(permissions), key.public_key())
    hub.apps[client_id] = app
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return client_id, key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def recognise(hub: Hub, showed: str) -> Token | None:
    """Return what a JSON web token amounts to, or None where it is none of an app's, too old, or signed by another."""
    try:
        content, _, signature = showed.rpartition(".")
        header, claims = (json.loads(_decode(part)) for part in content.split("."))
        app = hub.apps.get(claims["iss"])
        if app is None or header["alg"] != "RS256":
            return None
        app.key.verify(_decode(signature), content.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    lasting = time.time() < claims["exp"] <= claims["iat"] + LONGEST
    return Token(app.account, showed, "app", app={"id": app.id, "slug": app.slug}) if lasting else None


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

"""Sign-in: what a caller shows, and the device flow (RFC 8628): codes, the page that confirms them, the token.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug.wrappers import Response

from fake_github.answers import Answer, BadCredentials, response_to
from fake_github.pages import page
from fake_github.records import Device

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from fake_github.hub import Hub
    from fake_github.state import Document, Token

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
FORM = Markup("""\
<form method=post action="/login/device">
<p><label>Code <input name=user_code value="{}" autofocus></label></p>
<p><label>As <input name=login value="{}"></label></p>
<p><label>Password <input name=password type=password></label></p>
<p><button name=answer value=allow>Authorize</button> <button name=answer value=deny>Cancel</button></p>
</form>""")


def serve(hub: Hub, request: Request) -> Response | None:
    """Answer a request of the device flow; None to any other."""
    if request.method == "POST" and request.path == "/login/device/code":
        return _say(request, _begin(hub, request))
    if request.method == "POST" and request.path == "/login/oauth/access_token":
        return _say(request, _exchange(hub, request))
    if request.path == "/login/device":
        return _confirm(hub, request)
    return None


def _begin(hub: Hub, request: Request) -> dict[str, object]:
    client_id = request.form.get("client_id", "")
    if client_id not in hub.client_ids:
        return {"error": "Not Found"}
    half = "".join(secrets.choice(LETTERS) for _ in range(8))
    scopes = frozenset(request.form.get("scope", "").replace(",", " ").split())
    device = Device(client_id, f"{half[:4]}-{half[4:]}", scopes, hub.device_interval, time.monotonic() + 900)
    code = secrets.token_hex(20)
    hub.devices[code] = device
    return {
        "device_code": code,
        "user_code": device.user_code,
        "verification_uri": f"{hub.url}/login/device",
        "expires_in": 900,
        "interval": device.interval,
    }


def _exchange(hub: Hub, request: Request) -> dict[str, object]:
    device = hub.devices.get(request.form.get("device_code", ""))
    if request.form.get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code":
        return _error("unsupported_grant_type", "The grant type is not supported.")
    if device is None:
        return _error("incorrect_device_code", "The device_code provided is not valid.")
    if request.form.get("client_id") != device.client_id:
        return _error("incorrect_client_credentials", "The client_id passed is incorrect.")
    moment = time.monotonic()
    early, device.asked = moment - device.asked < device.interval * 0.9, moment
    if moment > device.expires:
        return _error("expired_token", "The device_code has expired.")
    if device.denied:
        return _error("access_denied", "The authorization request was denied.")
    if early:
        device.interval += 5
        return _error("slow_down", "Too many requests have been made in the same timeframe.") | {
            "interval": device.interval
        }
    if device.login is None:
        return _error("authorization_pending", "The authorization request is still pending.")
    account = hub.state.accounts[device.login.lower()]
    del hub.devices[request.form["device_code"]]
    token = hub.state.issue(account, "gho", scopes=device.scopes)
    return {"access_token": token.value, "token_type": "bearer", "scope": ",".join(sorted(device.scopes))}


def _confirm(hub: Hub, request: Request) -> Response:
    users = [account.login for account in hub.state.accounts.values() if account.kind == "User"]
    if request.method == "GET":
        return page("Device activation", FORM.format(request.args.get("user_code", ""), users[0] if users else ""))
    code = request.form.get("user_code", "").strip().upper()
    if not secrets.compare_digest(request.form.get("password", "").encode(), hub.password.encode()):
        return page("Device activation", Markup("<p>That password is wrong.</p>"), HTTPStatus.FORBIDDEN)
    device = next((one for one in hub.devices.values() if one.user_code == code), None)
    if device is None or request.form.get("login", "") not in users:
        return page("Device activation", Markup("<p>That code or that user is unknown.</p>"), HTTPStatus.NOT_FOUND)
    if request.form.get("answer") == "deny":
        device.denied = True
        return page("Cancelled", Markup("<p>The device gets nothing.</p>"))
    device.login = request.form["login"]
    return page("Congratulations, you're all set!", Markup("<p>Your device is now connected.</p>"))


def _error(code: str, description: str) -> dict[str, object]:
    return {"error": code, "error_description": description, "error_uri": "https://docs.github.com"}


def _say(request: Request, document: dict[str, object]) -> Response:
    """Answer in the form that was asked for: GitHub's default is that of forms."""
    status = HTTPStatus.NOT_FOUND if document == {"error": "Not Found"} else HTTPStatus.OK
    if "json" in request.headers.get("Accept", ""):
        return Response(json.dumps(document), status, content_type="application/json")
    return Response(urlencode(document), status, content_type="application/x-www-form-urlencoded")


def credential(request: Request) -> str | None:
    """Return the token that a request shows, as the API or as git takes it; None where it shows none."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() in {"bearer", "token"}:
        return value
    if kind.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return value
        return name if password in {"", "x-oauth-basic"} else password
    return None


def viewer(request: Request, token: Token | None) -> Response:
    """Answer the one question of GitHub's other API that `gh` asks to sign in: who is there."""
    if token is None:
        return response_to(None, BadCredentials().answer())
    if "viewer" not in (request.get_json(silent=True) or {}).get("query", ""):
        document: Document = {"errors": [{"message": "The fake GitHub serves no GraphQL."}]}
        return response_to(token, Answer(200, document))
    return response_to(token, Answer(200, {"data": {"viewer": {"login": token.account.login}}}))

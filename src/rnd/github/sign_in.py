"""Find a token for GitHub, or sign in with a browser. Uses the system keyring, `gh` and the browser.

The token comes from the environment, else from the system keyring, where a previous sign-in has stored it, else from
`gh`, else from the device flow. It is stored in the system keyring only, never in a file, an argument or a log. See
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd import process
from rnd.github.client import Client, find_addresses
from rnd.github.errors import NotThere, SignInNeeded
from rnd.report import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.github.client import Addresses

VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")  # the order in which `gh` takes them
# Repositories, their workflow files, and the teams of the organisation.
SCOPES = ("repo", "workflow", "read:org")
USERNAME = "token"
NO_APP = "Set GH_TOKEN, or sign in with `gh auth login --scopes workflow`, then run the same command again."
SLOWER = 5  # seconds to add to the polling interval for each slow_down response


@dataclass(frozen=True)
class Token:
    """A token and its source.

    Attributes:
        value: The token itself.
        source: The source as shown to the user: "GH_TOKEN", "the system keyring".
    """

    value: str = field(repr=False)
    source: str


def find_token(addresses: Addresses, environ: Mapping[str, str]) -> Token | None:
    """Return an existing token, or None."""
    for name in VARIABLES:
        if environ.get(name, "").strip():
            return Token(environ[name].strip(), name)
    kept = _kept(addresses)
    if kept:
        return Token(kept, "the system keyring")
    if process.find("gh") is None:
        return None
    said = process.attempt("gh", "auth", "token", "--hostname", addresses.host)
    value = said.stdout.strip()
    return Token(value, "gh") if said.returncode == 0 and value else None


def connect(environ: Mapping[str, str], client_id: str | None, *, ask: bool) -> Client:
    """Return a client for the signed-in user, after a sign-in if necessary; arguments and errors as `need_token`."""
    addresses = find_addresses(environ)
    token = need_token(addresses, environ, client_id, ask=ask)
    return Client(addresses, token.value, renewal(token))


def renewal(token: Token) -> str:
    """Return a sentence that explains how to replace an invalid token."""
    if token.source in VARIABLES:
        return f"Set {token.source} to another token, or unset it to sign in with a browser."
    if token.source == "gh":
        return f"Sign in again: `gh auth login --scopes {','.join(SCOPES)}`."
    return "Remove that token with `rnd github sign-out`, then run the same command again to sign in."


def need_token(addresses: Addresses, environ: Mapping[str, str], client_id: str | None, *, ask: bool) -> Token:
    """Return an existing token, or sign in to get one.

    Args:
        addresses: Where GitHub is.
        environ: The environment variables.
        client_id: The client id of the organisation's OAuth app.
        ask: Whether the session is interactive.

    Raises:
        SignInNeeded: There is no token, and the session is not interactive, no app is configured, or the user declined.
    """
    token = find_token(addresses, environ)
    if token is not None:
        return token
    if not ask:
        raise SignInNeeded("There is no token for GitHub, and no terminal to sign in on.")
    return sign_in(addresses, environ, client_id)


def sign_in(addresses: Addresses, environ: Mapping[str, str], client_id: str | None) -> Token:
    """Sign in with a browser on this or another machine, and store the token in the system keyring.

    Raises:
        SignInNeeded: The sign-in was denied or timed out, or org.yml does not configure an app.
    """
    if not client_id:
        raise SignInNeeded(
            "There is no token for GitHub, and org.yml names no app to sign in with (github.client_id).", NO_APP
        )
    with Client(addresses, None) as client:
        value = _device_flow(client, environ, client_id)
    return Token(value, "the system keyring" if _keep(addresses, value) else "this sign-in")


def sign_out(addresses: Addresses) -> bool:
    """Remove the token from the system keyring; return whether there was one."""
    import keyring
    from keyring.errors import KeyringError

    try:
        if not keyring.get_password(_service(addresses), USERNAME):
            return False
        keyring.delete_password(_service(addresses), USERNAME)
    except KeyringError:
        return False
    return True


def _device_flow(client: Client, environ: Mapping[str, str], client_id: str) -> str:
    """Request a code, show it, and wait until the user has entered it; errors as in RFC 8628, section 3.5.

    githubkit implements this flow too, but keeps polling after a refusal.
    """
    code = _ask_for_code(client, client_id)
    note(f"To sign in, open {code['verification_uri']} and enter the code {code['user_code']}")
    if not _open_page(environ, code["verification_uri"]):
        note("There is no display here: any browser will do, on any machine.")
    interval = float(code["interval"])
    end = time.monotonic() + float(code["expires_in"])
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"client_id": client_id, "device_code": code["device_code"], "grant_type": grant}
    while time.monotonic() < end:
        time.sleep(interval)
        answer = _post(client, "login/oauth/access_token", form)
        if "access_token" in answer:
            return str(answer["access_token"])
        match answer.get("error"):
            case "authorization_pending":
                pass
            case "slow_down":
                interval = float(answer.get("interval", interval + SLOWER))
            case "access_denied":
                raise SignInNeeded("The sign-in was denied in the browser.")
            case "expired_token":
                break
            case other:
                said = str(answer.get("error_description") or other).rstrip(".")
                raise SignInNeeded(f"The sign-in failed: {said}.")
    raise SignInNeeded("Nobody entered the code in time.")


def _ask_for_code(client: Client, client_id: str) -> dict[str, Any]:
    try:
        code = _post(client, "login/device/code", {"client_id": client_id, "scope": " ".join(SCOPES)})
    except NotThere as error:
        raise SignInNeeded(f"GitHub starts no sign-in: it has no app {client_id}.", NO_APP) from error
    if "device_code" not in code:  # the device flow may be disabled for the app
        raise SignInNeeded(f"GitHub starts no sign-in: {code.get('error_description') or code}.", NO_APP)
    return code


def _post(client: Client, path: str, form: dict[str, str]) -> dict[str, Any]:
    url = f"{client.addresses.server}/{path}"
    headers = {"Accept": "application/json"}
    answer: dict[str, Any] = client.read(lambda kit: kit.request("POST", url, data=form, headers=headers))
    return answer


def _open_page(environ: Mapping[str, str], url: str) -> bool:
    """Open a page in the user's browser; return whether there is one."""
    import sys
    import webbrowser

    has_display = sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return (has_display or "BROWSER" in environ) and webbrowser.open(url)


def _service(addresses: Addresses) -> str:
    return f"rnd:{addresses.host}"


def _kept(addresses: Addresses) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(_service(addresses), USERNAME)
    except KeyringError:  # a machine without a desktop has no keyring, or it is locked
        return None


def _keep(addresses: Addresses, value: str) -> bool:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        keyring.set_password(_service(addresses), USERNAME, value)
    except NoKeyringError:  # its own message recommends a keyring in a file
        note("The token is kept for this run only: this machine has no system keyring.")
        return False
    except KeyringError as error:
        note(f"The token is kept for this run only: the system keyring does not take it ({error}).")
        return False
    return True

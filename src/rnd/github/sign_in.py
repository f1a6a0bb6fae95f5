"""Who asks GitHub: finds a token, or signs in through the browser. Touches the system keyring, `gh` and the browser.

A token comes from the environment, else from the system keyring, where an earlier sign-in has put it, else from `gh`,
else from the device flow (https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps). It
is kept in the system keyring and nowhere else: never in a file of ours, an argument or a log.
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
SLOWER = 5  # seconds more between two questions, each time that GitHub says slow_down


@dataclass(frozen=True)
class Token:
    """A token, and where it comes from.

    Attributes:
        value: The token itself.
        source: What a person knows the place by: "GH_TOKEN", "the system keyring".
    """

    value: str = field(repr=False)
    source: str


def find_token(addresses: Addresses, environ: Mapping[str, str]) -> Token | None:
    """Return the token that is there already, or None."""
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
    """Return GitHub, as whoever is signed in sees it, or signs in now; the arguments and errors are `need_token`'s."""
    addresses = find_addresses(environ)
    token = need_token(addresses, environ, client_id, ask=ask)
    return Client(addresses, token.value, renewal(token))


def renewal(token: Token) -> str:
    """Return what to do to get another token in the place of one that is no good, in a sentence."""
    if token.source in VARIABLES:
        return f"Set {token.source} to another token, or take it away to sign in with a browser."
    if token.source == "gh":
        return f"Sign in anew: `gh auth login --scopes {','.join(SCOPES)}`."
    return "`rnd github sign-out` forgets that token; then the same command lets you sign in anew."


def need_token(addresses: Addresses, environ: Mapping[str, str], client_id: str | None, *, ask: bool) -> Token:
    """Return the token that is there, or else the one that a person gets by signing in.

    Args:
        addresses: Where GitHub is.
        environ: The environment variables.
        client_id: Of the organisation's OAuth app, by which the sign-in goes.
        ask: Whether there is a person to ask.

    Raises:
        SignInNeeded: There is none, and nobody to ask, or no app to ask through, or the person says no.
    """
    token = find_token(addresses, environ)
    if token is not None:
        return token
    if not ask:
        raise SignInNeeded("There is no token for GitHub, and no terminal to sign in on.")
    return sign_in(addresses, environ, client_id)


def sign_in(addresses: Addresses, environ: Mapping[str, str], client_id: str | None) -> Token:
    """Let a person sign in with a browser, on this machine or any other, and keep the token in the system keyring.

    Raises:
        SignInNeeded: It was denied or took too long, or org.yml names no app.
    """
    if not client_id:
        raise SignInNeeded(
            "There is no token for GitHub, and org.yml names no app to sign in with (github.client_id).", NO_APP
        )
    with Client(addresses, None) as client:
        value = _device_flow(client, environ, client_id)
    return Token(value, "the system keyring" if _keep(addresses, value) else "this sign-in")


def sign_out(addresses: Addresses) -> bool:
    """Take the token out of the system keyring; say whether there was one."""
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
    """Ask for a code, show it, and wait until somebody has entered it; the errors are those of RFC 8628, section 3.5.

    githubkit has this flow too, but goes on asking after a refusal.
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
    if "device_code" not in code:  # the app may not have the device flow switched on
        raise SignInNeeded(f"GitHub starts no sign-in: {code.get('error_description') or code}.", NO_APP)
    return code


def _post(client: Client, path: str, form: dict[str, str]) -> dict[str, Any]:
    url = f"{client.addresses.server}/{path}"
    headers = {"Accept": "application/json"}
    answer: dict[str, Any] = client.read(lambda kit: kit.request("POST", url, data=form, headers=headers))
    return answer


def _open_page(environ: Mapping[str, str], url: str) -> bool:
    """Open a page in the browser of whoever sits here; say whether there is one."""
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
    except KeyringError:  # there is none on a machine without a desktop, or it stays locked
        return None


def _keep(addresses: Addresses, value: str) -> bool:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        keyring.set_password(_service(addresses), USERNAME, value)
    except NoKeyringError:  # its own words advise a keyring that is a file
        note("The token is kept for this run only: this machine has no system keyring.")
        return False
    except KeyringError as error:
        note(f"The token is kept for this run only: the system keyring does not take it ({error}).")
        return False
    return True

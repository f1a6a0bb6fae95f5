"""Any package index with the simple repository API and the upload API of PyPI. Passwords come from the environment.

A job has no identity there: its password is a secret of GitHub, which a workflow passes as RND_INDEX_USERNAME and
RND_INDEX_PASSWORD. uv's own variables take precedence:
https://docs.astral.sh/uv/reference/environment, UV_PUBLISH_TOKEN and UV_INDEX_{name}_USERNAME.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from rnd.errors import UsageError
from rnd.http_client import NOT_FOUND, HttpFailure, basic, send
from rnd.organisation import SimpleIndex
from rnd.providers.errors import IndexRefused, IndexUnavailable
from rnd.providers.provider import IndexAccess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import IndexAddresses, Organisation
    from rnd.providers.provider import Caller

ACCEPTED = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
CREDENTIALS = "Give them as UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, or as UV_PUBLISH_TOKEN, in the environment."
USERNAME, PASSWORD = "RND_INDEX_USERNAME", "RND_INDEX_PASSWORD"


def is_own(places: SimpleIndex, host: str) -> bool:
    """Return whether a host, in lower case, is that of the index for releases or of the one for development."""
    return host in {urlsplit(one.url).hostname for one in (places.releases, places.development)}


class Simple:
    """The organisation's own index, as a caller reaches it."""

    account = "package index"

    def __init__(self, places: SimpleIndex, slug: str, package: str, caller: Caller) -> None:
        self.places, self.package, self.caller = places, package, caller
        self.variable = f"UV_INDEX_{slug.upper().replace('-', '_')}"
        self.hint = f"Set {self.variable}_USERNAME and {self.variable}_PASSWORD."

    @property
    def addresses(self) -> IndexAddresses:
        """The index for the caller's identity."""
        return self.places.development if self.caller.identity == "development" else self.places.releases

    def sign_in(self, *, reading: bool = False) -> IndexAccess:
        """Return the addresses of the index for the caller's identity, and the credentials of the environment.

        Raises:
            UsageError: There are no credentials to publish with.
        """
        username, password = self._credentials(reading=reading)
        if not reading and not (username and password):
            raise UsageError(f"There are no credentials for {self.addresses.publish_url}.", CREDENTIALS)
        return IndexAccess(self.addresses.publish_url, _folder(self.addresses.url), username, password)

    def can_read(self) -> bool:
        """Return whether the environment has credentials; a pull request from a fork gets no secrets."""
        return all(self._credentials(reading=True))

    def examine(self) -> str:
        """Request the page of a package that need not exist, and return what can be read.

        Raises:
            IndexRefused: The index does not accept the credentials.
            IndexUnavailable: The index could not be reached.
        """
        access = self.sign_in(reading=True)
        proof = basic(access.username, access.password) if access.username else None
        url = urljoin(access.simple_url, f"{self.package}/")
        try:
            send("GET", url, {"Accept": ACCEPTED}, authorization=proof)
        except HttpFailure as failure:
            if failure.status != NOT_FOUND:
                said = f"{failure.status or ''} {failure.reason}".strip()
                raise failure.convert(f"{url} cannot be read: {said}.", IndexRefused, IndexUnavailable) from failure
        return f"reads {access.simple_url}"

    def _credentials(self, *, reading: bool) -> tuple[str, str]:
        environ = self.caller.environ
        own = (environ.get(f"{self.variable}_USERNAME", ""), environ.get(f"{self.variable}_PASSWORD", ""))
        given = (environ.get(USERNAME, ""), environ.get(PASSWORD, ""))
        choices = (own, given, publishing_credentials(environ)) if reading else (publishing_credentials(environ), given)
        return next((one for one in choices if all(one)), ("", ""))


def package_index(organisation: Organisation, caller: Caller) -> Simple:
    """Return the organisation's package index."""
    places = organisation.package_index
    if not isinstance(places, SimpleIndex):
        raise TypeError(f"{places.provider} is another provider")
    return Simple(places, organisation.slug, f"{organisation.slug}-{organisation.repository_prefix}", caller)


def other_index(publish_url: str, check_url: str | None, environ: Mapping[str, str]) -> IndexAccess:
    """Return access to an index that the command line or the environment names, instead of the organisation's.

    Args:
        publish_url: Where to upload to.
        check_url: Where the simple repository API of the same index begins; `simple/` below it when left out.
        environ: UV_PUBLISH_CHECK_URL, UV_PUBLISH_USERNAME, UV_PUBLISH_PASSWORD and UV_PUBLISH_TOKEN mean what they
            mean to uv.

    Raises:
        UsageError: An address is not valid or has credentials in it, or there are no credentials in the environment.
    """
    simple_url = check_url or environ.get("UV_PUBLISH_CHECK_URL") or urljoin(_folder(publish_url), "simple/")
    for address in (publish_url, simple_url):
        _check_address(address)
    username, password = publishing_credentials(environ)
    if not username or not password:  # uv uploads nothing without them
        raise UsageError(f"There are no credentials for {publish_url}.", CREDENTIALS)
    return IndexAccess(publish_url, _folder(simple_url), username, password)


def publishing_credentials(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the user name and the password in uv's variables for publishing; empty where they are not set."""
    token = environ.get("UV_PUBLISH_TOKEN", "")
    username = "__token__" if token else environ.get("UV_PUBLISH_USERNAME", "")
    return username, token or environ.get("UV_PUBLISH_PASSWORD", "")


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise UsageError(
            f"The address of the index on {parts.hostname} holds credentials, where logs and other users see them.",
            CREDENTIALS,
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{address} is not an http or https address.")


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"

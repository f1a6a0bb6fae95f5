"""A package index: what it has, and how a file gets there. The only caller of a package index, and of `uv publish`.

It is read by the simple repository API and written by `uv publish`, which gets the credentials in its environment
and nothing else to decide: whether a file is there, and whether another attempt makes sense, is decided here, by
digests alone. No credential is ever part of an argument, an address, a file or a message.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from rnd import uv
from rnd.http_client import NOT_FOUND, HttpFailure, basic, chunks_of, is_transient, open_url, read_body
from rnd.providers import package_index
from rnd.providers.errors import IndexRefused, IndexUnavailable
from rnd.providers.simple import other_index
from rnd.publish import listing
from rnd.publish.errors import DigestMismatch
from rnd.publish.files import belongs
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from http.client import HTTPResponse

    from rnd.errors import RndError
    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller
    from rnd.publish.distribution import Distribution

Result = TypeVar("Result")

CAUSE = re.compile(r"\A.*?\b(?:cause|Caused by): ", re.DOTALL)  # what uv says before it comes to the point
STATUS = re.compile(r"status code (\d{3})\b")
LONGEST = 500  # characters; some indices answer with a whole page
CONFLICT = 409


@dataclass(frozen=True)
class Index:
    """A package index, and who asks it.

    Attributes:
        publish_url: Where files are uploaded to.
        simple_url: Where the simple repository API begins, with a slash at its end.
        username: Who asks.
        password: The password or the token.
    """

    publish_url: str
    simple_url: str
    username: str
    password: str = field(repr=False)

    def look(self, project: str, version: str) -> dict[str, str]:
        """Return all files that an installer could take for a version, each with its SHA-256.

        Args:
            project: Its normalised name.
            version: As `pyproject.toml` has it.

        Raises:
            IndexRefused: The index says no.
            IndexUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._look(project, version), IndexUnavailable)

    def upload(self, distribution: Distribution, together: Sequence[Distribution]) -> None:
        """Upload a file, and see it listed; the same bytes may have come from elsewhere meanwhile.

        Args:
            distribution: The file.
            together: All files of the version that may be there.

        Raises:
            DigestMismatch: The index has other bytes under its name, or another file of the version.
            IndexRefused: The index says no.
            IndexUnavailable: It could not be reached, or did not list the file, several times.
        """
        name = distribution.path.name
        accepted = False

        def attempt() -> None:
            nonlocal accepted
            problem = None if accepted else self._publish(distribution)
            accepted = problem is None
            try:
                there = self._look(distribution.project, distribution.version)
            except IndexRefused as error:
                raise problem or error from error
            compare(self, together, there)
            if name not in there:
                raise problem or IndexUnavailable(f"{self.publish_url} took {name}, and does not list it.")

        retry(attempt, IndexUnavailable)

    def _publish(self, distribution: Distribution) -> RndError | None:
        """Upload a file with uv, without retries; return None, or an error that may be transient.

        It does not run in the folder of the file: another job has filled that, and uv would read its `uv.toml`, which
        could send the credentials through a proxy.
        """
        path = distribution.path.absolute()
        given = {"UV_PUBLISH_USERNAME": self.username, "UV_PUBLISH_PASSWORD": self.password, "UV_HTTP_RETRIES": "0"}
        options = ("--trusted-publishing", "never", "--keyring-provider", "disabled")
        argv = ("publish", "--publish-url", self.publish_url, *options, str(path))
        completed = uv.attempt(None, *argv, extra=uv.WITHOUT_PUBLISHING | given)
        if completed.returncode == 0:
            return None
        cause = self._hide(CAUSE.sub("", completed.stderr, count=1))
        found = STATUS.search(cause)
        message = f"Upload of {path.name} failed: {' '.join(cause.split())[:LONGEST]}"
        return _error(int(found[1]) if found else None, message)

    def _look(self, project: str, version: str) -> dict[str, str]:
        url = urljoin(self.simple_url, f"{project}/")
        try:
            links = self._get(url, _read_listing)
        except _NotThere:
            return {}
        except ValueError as error:
            raise IndexRefused(f"{url} is not a page of a package index: {error}.") from error
        wanted = {name: link for name, link in links.items() if belongs(project, version, name)}
        return {name: link.sha256 or self._get(link.url, _read_digest) for name, link in wanted.items()}

    def _get(self, url: str, read: Callable[[HTTPResponse], Result]) -> Result:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise IndexRefused(f"{self.simple_url} leads to {url}, which is not an http or https address.")
        own = urlsplit(url)[:2] == urlsplit(self.simple_url)[:2]
        authorization = basic(self.username, self.password) if own and self.username else None
        try:
            with open_url("GET", url, {"Accept": listing.ACCEPTED}, authorization=authorization) as response:
                return read(response)
        except HttpFailure as failure:
            if failure.status == NOT_FOUND:
                raise _NotThere(f"{url} is not there.") from None
            said = f"{failure.status or ''} {failure.reason}".strip()
            raise failure.convert(f"{url} cannot be read: {said}.", IndexRefused, IndexUnavailable) from failure

    def _hide(self, text: str) -> str:
        """Take the credentials out of what others have said."""
        encoded = basic(self.username, self.password).partition(" ")[2]
        return text.replace(self.password, "[hidden]").replace(encoded, "[hidden]")


class _NotThere(IndexRefused):
    """The index has no such page: for a project, that it has nothing of it."""


def compare(index: Index, together: Sequence[Distribution], there: Mapping[str, str]) -> None:
    """Check the files of a version on an index against the only ones that may be there.

    Args:
        index: The index.
        together: The files that may be there.
        there: The files that are there, each with its SHA-256.

    Raises:
        DigestMismatch: One of them has other bytes, or is not among the files that may be there.
    """
    expected = {one.path.name: one.sha256 for one in together}
    for name, digest in sorted(there.items()):
        if name not in expected:
            raise DigestMismatch(
                f"{index.simple_url} has {name} (sha256:{digest}), another file of {together[0].version}, which an "
                "installer could prefer."
            )
        if digest != expected[name]:
            raise DigestMismatch(f"{name} is sha256:{digest} on {index.simple_url}, and sha256:{expected[name]} here.")


def find_index(
    organisation: Organisation,
    caller: Caller,
    publish_url: str | None = None,
    check_url: str | None = None,
    *,
    reading: bool = False,
) -> Index:
    """Return the index that the options or the environment name, else the organisation's.

    Args:
        organisation: Whose index it is by default.
        caller: Who publishes; UV_PUBLISH_URL in its environment means what it means to uv.
        publish_url: Where to upload to.
        check_url: Where the simple repository API of the same index begins; `simple/` below it when left out.
        reading: Whether credentials that can only read are enough.

    Raises:
        UsageError: An address is not valid, or there are no credentials in the environment.
        RndError: The provider cannot sign in.
    """
    url = publish_url or caller.environ.get("UV_PUBLISH_URL")
    if url:
        access = other_index(url, check_url, caller.environ)
    else:
        access = package_index(organisation, caller).sign_in(reading=reading)
    return Index(access.publish_url, access.simple_url, access.username, access.password)


def _error(status: int | None, message: str) -> RndError:
    """Return the error for a status; None means that the connection failed.

    A 409 may be transient: the index may not list the competing upload yet.
    """
    transient = status is None or status == CONFLICT or is_transient(status)
    return IndexUnavailable(message) if transient else IndexRefused(message)


def _read_listing(response: HTTPResponse) -> dict[str, listing.Link]:
    text = read_body(response).decode(errors="replace")
    return listing.parse(response.headers.get_content_type(), text, response.url)


def _read_digest(response: HTTPResponse) -> str:
    digest = hashlib.sha256()
    for chunk in chunks_of(response):
        digest.update(chunk)
    return digest.hexdigest()

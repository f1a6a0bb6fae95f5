"""HTTP for package indexes, image registries and OIDC tokens: one request at a time, checked and bounded.

Callers turn a `HttpFailure` into an error of their own, and `rnd.retry` retries those that are transient. GitHub's API
has its own client, `rnd.github.client`.

- Credentials stay with the host that they are for: a redirect to another host, port or scheme loses them (RFC 9110,
  section 15.4). A redirect from https to http is an error.
- A transient failure is a status from 500 on, one of `TRANSIENT`, or a failed connection.
- `Retry-After` (RFC 9110, section 10.2.3) sets the shortest wait before the next attempt.
- Bodies that are read into memory have a maximum size.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from urllib.request import OpenerDirector

    from rnd.errors import RndError

TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 20  # bytes of a large body in memory at a time
LARGEST = 32 << 20  # bytes of a body in memory
LARGEST_ERROR = 64 << 10  # bytes of the body of an error
NOT_FOUND, UNAUTHORIZED = 404, 401
# What an opener reads when it is made: urllib the proxies, OpenSSL the authorities that it trusts.
VARIABLES = (
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "REQUEST_METHOD",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
# Timed out, locked, too early, too many: like every status from 500 on, another attempt may succeed.
TRANSIENT = frozenset({408, 423, 425, 429})


def is_transient(status: int) -> bool:
    """Return whether another attempt may succeed after a response with this status."""
    return status >= 500 or status in TRANSIENT


@dataclass(eq=False)  # an exception is equal to itself only
class HttpFailure(Exception):
    """A request that failed: the response has an error status, or there is no complete response.

    Attributes:
        reason: What the server or the connection says.
        status: The status of the response; None if there is none.
        headers: The headers of the response.
        body: The first `LARGEST_ERROR` bytes of its body.
    """

    reason: str
    status: int | None = None
    headers: Message = field(default_factory=Message)
    body: bytes = field(default=b"", repr=False)

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed."""
        return self.status is None or is_transient(self.status)

    def convert(self, message: str, refused: type[RndError], unavailable: type[RndError]) -> RndError:
        """Return the error to raise: `unavailable` if another attempt may succeed, else `refused`."""
        error = (unavailable if self.transient else refused)(message)
        error.wait = wait_of(self.headers)
        return error


class TooLarge(HttpFailure):
    """The body of a response is larger than the caller accepts; another attempt would not change that."""

    @property
    def transient(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Response:
    """A complete response.

    Attributes:
        status: The status.
        url: The address that answered, after redirects.
        headers: The headers.
        body: The body.
    """

    status: int
    url: str
    headers: Message
    body: bytes = field(repr=False)


def basic(username: str, password: str) -> str:
    """Return the value of an Authorization header: https://www.rfc-editor.org/rfc/rfc7617."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def wait_of(headers: Message) -> float:
    """Return the seconds that a server asks clients to wait, from `Retry-After` as a number or a date; 0 if neither."""
    value = (headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)  # the form `-0000` has no time zone
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


@contextmanager
def open_url(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    *,
    authorization: str | None = None,
    redirects: bool = True,
    timeout: float = TIMEOUT,
) -> Generator[http.client.HTTPResponse]:
    """Send a request and yield the response, whose body is still to be read; reading it may fail in the same ways.

    Args:
        method: The method.
        url: The address, http or https.
        headers: The headers, without the one that signs in.
        body: The body; an iterable needs a Content-Length among the headers.
        authorization: The value of the Authorization header, for the host of `url` only.
        redirects: Whether to follow redirects; if not, a redirect is a failure.
        timeout: Seconds without a byte.

    Raises:
        HttpFailure: There is no successful response.
    """
    request = Request(url, body, dict(headers or {}) | {"User-Agent": "rnd"}, method=method)  # noqa: S310 - checked below
    if urlsplit(url).scheme not in {"http", "https"}:
        raise HttpFailure(f"{url} is not an http or https address", http.HTTPStatus.BAD_REQUEST)
    if authorization:
        request.add_unredirected_header("Authorization", authorization)
    try:
        with _opener(urlsplit(url).scheme, redirects=redirects).open(request, timeout=timeout) as response:
            yield response
    except HTTPError as error:
        with error:
            raise HttpFailure(str(error.reason), error.code, error.headers, _start_of(error)) from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise HttpFailure(str(getattr(error, "reason", None) or error)) from error


def send(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    *,
    authorization: str | None = None,
    redirects: bool = True,
    timeout: float = TIMEOUT,
    limit: int = LARGEST,
) -> Response:
    """Send a request and return the complete response; see `open_url`.

    Raises:
        HttpFailure: There is no successful and complete response.
        TooLarge: Its body has more than `limit` bytes.
    """
    given = {"authorization": authorization, "redirects": redirects, "timeout": timeout}
    with open_url(method, url, headers, body, **given) as response:
        # urllib follows a redirect of HEAD with GET.
        content = b"" if method == "HEAD" else read_body(response, limit)
        return Response(response.status, response.url, response.headers, content)


def read_body(response: http.client.HTTPResponse, limit: int = LARGEST) -> bytes:
    """Return the complete body of a response.

    Raises:
        TooLarge: It has more than `limit` bytes.
        http.client.IncompleteRead: It ends early; inside `open_url`, that is a `HttpFailure`.
    """
    content = bytearray()
    for chunk in chunks_of(response):
        content += chunk
        if len(content) > limit:
            raise TooLarge(f"the response has more than {limit} bytes", response.status, response.headers)
    return bytes(content)


def chunks_of(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of a response in pieces.

    Raises:
        http.client.IncompleteRead: It ends early; inside `open_url`, that is a `HttpFailure`.
    """
    expected, size = response.headers.get("Content-Length"), 0
    while chunk := response.read(CHUNK):
        size += len(chunk)
        yield chunk
    if expected is not None and size != int(expected):  # http.client does not report it when it reads pieces
        raise http.client.IncompleteRead(b"", int(expected) - size)


def _opener(scheme: str, *, redirects: bool) -> OpenerDirector:
    """Return what opens addresses of a scheme; requests share it, because making it takes as long as a request."""
    return _make_opener(scheme, redirects, *map(os.environ.get, VARIABLES))


@cache
def _make_opener(scheme: str, redirects: bool, *_: str | None) -> OpenerDirector:
    handlers: list[type[HTTPRedirectHandler] | HTTPSHandler] = [_SameHost if redirects else _NoRedirects]
    if scheme == "https":
        context = ssl.create_default_context()  # reads all authorities
        context.set_alpn_protocols(["http/1.1"])  # as http.client does
        handlers.append(HTTPSHandler(context=context))
    return build_opener(*handlers)


def _start_of(error: HTTPError) -> bytes:
    try:
        return error.read(LARGEST_ERROR)
    except (OSError, http.client.HTTPException):
        return b""


class _SameHost(HTTPRedirectHandler):
    """Follows redirects, and keeps the credentials only where scheme, host and port stay the same."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if before.scheme == "https" and after.scheme != "https":
            raise URLError(f"redirect from {before.netloc} to an address without encryption")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        authorization = req.unredirected_hdrs.get("Authorization")
        if request is not None and authorization and before[:2] == after[:2]:
            request.add_unredirected_header("Authorization", authorization)
        return request


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is an error."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None

"""HTTP to a registry: requests, errors, and streams of bytes that are checked in transit. For `registry.py` only."""

from __future__ import annotations

import hashlib
import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rnd.publish.errors import DigestMismatch, RegistryRefused, RegistryUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rnd.errors import RndError

TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 20  # bytes of a blob in memory at a time
NOT_FOUND, UNAUTHORIZED = 404, 401
# Too slow or too many: like every status from 500 on, no last word.
PASSING = {408, 425, 429}


class NotThere(RegistryRefused):
    """The registry does not have what was requested."""


class Challenged(RegistryRefused):
    """The registry wants to know who asks, or another proof of it; `asks` is how it says so."""

    asks = ""


def digest_of(content: bytes) -> str:
    """Return the digest by which a registry addresses some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def check_bytes(chunks: Iterable[bytes], digest: str, size: int) -> Iterator[bytes]:
    """Yield the chunks of a blob; the last one only once all of them are known to be its bytes.

    Raises:
        DigestMismatch: They are not.
    """
    found, length, held = hashlib.sha256(), 0, b""
    for chunk in chunks:
        found.update(chunk)
        length += len(chunk)
        if length > size:
            break
        yield held
        held = chunk
    if (length, f"sha256:{found.hexdigest()}") != (size, digest):
        raise DigestMismatch(f"A blob is not {digest} of {size} bytes: it has {length} bytes or other ones.")
    yield held


def chunks_of(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of a response piece by piece."""
    while chunk := response.read(CHUNK):
        yield chunk


@contextmanager
def open_url(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None,
    authorization: str | None,
) -> Iterator[http.client.HTTPResponse]:
    """Send a request and yield the response, whose body is still to be read.

    Args:
        method: The method.
        url: The address.
        headers: The headers, without the one that signs in.
        body: The body; an iterable needs a Content-Length among the headers.
        authorization: The header that signs in, or None.

    Raises:
        RegistryRefused: The registry says no.
        RegistryUnavailable: It could not be reached.
    """
    request = Request(url, body, dict(headers) | {"User-Agent": "rnd"}, method=method)  # noqa: S310 - http or https
    if authorization:  # which must not follow a redirection: blobs lie elsewhere, at addresses that are signed
        request.add_unredirected_header("Authorization", authorization)
    place = url.partition("?")[0]
    try:
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - http or https
            yield response
    except HTTPError as error:
        with error:
            raise _error(error, f"{method} {place}: {error.code} {_reason(error)}") from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise RegistryUnavailable(f"{method} {place} failed: {getattr(error, 'reason', None) or error}.") from error


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None,
    authorization: str | None,
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request and return the response with its body; see `open_url`."""
    with open_url(method, url, headers, body, authorization) as response:
        return response, b"" if method == "HEAD" else response.read()  # urllib follows a redirection of HEAD with GET


def _error(error: HTTPError, message: str) -> RndError:
    if error.code == NOT_FOUND:
        return NotThere(message)
    if error.code == UNAUTHORIZED:
        challenged = Challenged(message)
        challenged.asks = error.headers.get("WWW-Authenticate", "")
        return challenged
    return (RegistryUnavailable if error.code >= 500 or error.code in PASSING else RegistryRefused)(message)


def _reason(error: HTTPError) -> str:
    """Return what a registry says in its errors, or else what the status means."""
    try:
        said: list[dict[str, Any]] = json.loads(error.read())["errors"]
        return "; ".join(f"{one['code']}: {one['message']}" for one in said)
    except (ValueError, KeyError, TypeError, OSError, RecursionError, http.client.HTTPException):
        return f"{error.reason}."

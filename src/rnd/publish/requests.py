"""Requests to an image registry, whose failures are errors of the registry."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rnd.http_client import NOT_FOUND, UNAUTHORIZED, HttpFailure, Response, send
from rnd.publish.errors import RegistryRefused, RegistryUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from rnd.errors import RndError

LARGEST = 8 << 20  # bytes of a manifest or a configuration; registries accept manifests of 4 MiB


class NotThere(RegistryRefused):
    """The registry does not have what was requested."""


class Challenged(RegistryRefused):
    """The registry requires a sign-in, or another one; `asks` is its WWW-Authenticate header."""

    asks = ""


def send_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None,
    authorization: str | None,
) -> Response:
    """Send a request and return the response.

    Raises:
        NotThere: The registry does not have it.
        Challenged: It requires a sign-in, or another one.
        RegistryRefused: It says no.
        RegistryUnavailable: It could not be reached.
    """
    with converted(method, url):
        return send(method, url, headers, body, authorization=authorization, limit=LARGEST)


@contextmanager
def converted(method: str, url: str) -> Generator[None]:
    """Convert failures of HTTP to errors of a registry, without the query of the address: it may be a signature."""
    place = url.partition("?")[0]
    try:
        yield
    except HttpFailure as failure:
        raise _error(failure, f"{method} {place}") from None


def _error(failure: HttpFailure, request: str) -> RndError:
    if failure.status is None:
        return failure.convert(f"{request} failed: {failure.reason}.", RegistryRefused, RegistryUnavailable)
    message = f"{request}: {failure.status} {_reason(failure)}"
    if failure.status == NOT_FOUND:
        return NotThere(message)
    if failure.status == UNAUTHORIZED:
        challenged = Challenged(message)
        challenged.asks = failure.headers.get("WWW-Authenticate", "")
        return challenged
    return failure.convert(message, RegistryRefused, RegistryUnavailable)


def _reason(failure: HttpFailure) -> str:
    """Return the errors that a registry reports, or else the meaning of the status."""
    try:
        said: list[dict[str, Any]] = json.loads(failure.body)["errors"]
        return "; ".join(f"{one['code']}: {one['message']}" for one in said)
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"{failure.reason}."

"""Requests that reach the fake GitHub of this process without a connection: calls, where the connection is not tested.

The fake GitHub answers them as it answers those of its server. What git sends takes a connection, and so does what
another process sends.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse

    import pytest

    from fake_github.server import FakeGitHub


class Connection:
    """What a fault of the fake GitHub cuts."""

    def __init__(self) -> None:
        self.is_cut = False

    def shutdown(self, how: int) -> None:
        """Cut the connection."""
        del how
        self.is_cut = True


def connect_directly(hub: FakeGitHub, patch: pytest.MonkeyPatch) -> None:
    """Let the clients of this process call the fake GitHub."""
    send, owner = httpx.HTTPTransport.handle_request, os.getpid()

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if os.getpid() != owner or not str(request.url).startswith(f"{hub.url}/"):
            return send(transport, request)
        connection = Connection()

        def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            return hub({**environ, "werkzeug.socket": connection}, start_response)

        response = httpx.WSGITransport(serve).handle_request(request)
        if connection.is_cut:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        return response

    patch.setattr(httpx.HTTPTransport, "handle_request", handle)

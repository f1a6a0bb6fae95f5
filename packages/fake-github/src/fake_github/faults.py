"""Injected faults of requests. Touches the connection that it cuts.

A fault is a callable that receives each request, before and after the server acts on it. It returns what replaces the
response: a `werkzeug` response, `DROP`, or None to leave it as it is.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from werkzeug.wrappers import Request, Response

from fake_github.answers import DOCUMENTATION


class Drop:
    """The connection ends without an answer."""


DROP = Drop()
Phase = Literal["before", "after"]
Fault = Callable[[Request, Phase], "Response | Drop | None"]


def refusal(status: int, message: str, **headers: str) -> Response:
    """Return an error in GitHub's form, with headers; `_` in a name becomes `-`."""
    document = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(document), status, named, content_type="application/json; charset=utf-8")


def once(method: str, path: str, outcome: Response | Drop, phase: Phase = "before", skip: int = 0) -> Fault:
    """Return a fault of one call.

    Args:
        method: Of HTTP.
        path: The whole path, without what follows `?`.
        outcome: What the caller gets.
        phase: Whether the fake GitHub has not acted before, or has.
        skip: How many such calls go well first.
    """
    left = [skip]

    def fault(request: Request, now: Phase) -> Response | Drop | None:
        if now != phase or left[0] < 0 or (request.method, request.path) != (method, path):
            return None
        left[0] -= 1
        return outcome if left[0] < 0 else None

    return fault


def cut(request: Request) -> Response:
    """Cut a request's connection, and return a response that is never sent."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)

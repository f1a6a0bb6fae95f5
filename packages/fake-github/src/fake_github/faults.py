"""Injected faults of requests. Touches the connection that it cuts.

A fault is a callable that receives each request, before and after the server acts on it. It returns what replaces the
response: a `werkzeug` response, `DROP`, or None to leave it as it is.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from werkzeug.wrappers import Request, Response

from fake_github.answers import DOCUMENTATION


class Drop:
    """The connection ends without an answer."""


DROP = Drop()
Phase = Literal["before", "after"]
Fault = Callable[[Request, Phase], "Response | Drop | None"]
# Changes the body of an answer to a GraphQL query.
AnswerFault = Callable[[dict[str, Any]], None]


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


def once_query(name: str, outcome: Response | Drop, phase: Phase = "before", skip: int = 0) -> Fault:
    """Return a fault of one GraphQL query, as `once` does.

    Args:
        name: Of the operation, as it stands after `query` in the text; empty for any.
        outcome: What the caller gets.
        phase: Whether the fake GitHub has not acted before, or has.
        skip: How many such queries go well first.
    """
    left = [skip]

    def fault(request: Request, now: Phase) -> Response | Drop | None:
        if now != phase or left[0] < 0 or not request.path.endswith("/graphql"):
            return None
        body = request.get_json(silent=True) or {}
        if name and not re.search(rf"\b{re.escape(name)}\b", body.get("operationName") or body.get("query", "")):
            return None
        left[0] -= 1
        return outcome if left[0] < 0 else None

    return fault


def query_error(type: str, message: str) -> Response:  # noqa: A002 - GitHub's name
    """Return an answer of GraphQL that has an error and no data, as `RATE_LIMITED` and `RESOURCE_LIMITS_EXCEEDED`."""
    document = {"data": None, "errors": [{"type": type, "message": message}]}
    return Response(json.dumps(document), content_type="application/json; charset=utf-8")


def null_at(*path: str | int, type: str, message: str, skip: int = 0) -> AnswerFault:  # noqa: A002
    """Return a fault that answers one part of one query with a null and an error; the other parts stay.

    Args:
        path: Keys and indexes from `data` on, to a field that may be null.
        type: Of the error.
        message: Of the error.
        skip: How many answers that have such a part go well first.
    """
    left = [skip]

    def fault(body: dict[str, Any]) -> None:
        *above, last = path
        part: Any = body.get("data")
        try:
            for step in above:
                part = part[step]
            there = part[last] is not None
        except (KeyError, IndexError, TypeError):
            return
        if there and left[0] >= 0:
            left[0] -= 1
            if left[0] < 0:
                part[last] = None
                body.setdefault("errors", []).append({"type": type, "path": list(path), "message": message})

    return fault


def cut(request: Request) -> Response:
    """Cut a request's connection, and return a response that is never sent."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)

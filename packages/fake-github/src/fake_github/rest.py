"""The REST API: find the operation of a request, validate it, count it, let its function answer. Touches nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from fake_github.answers import Answer, BadCredentials, NotFound, Refused, response_to
from fake_github.api import ROUTES
from fake_github.limits import Work
from fake_github.routing import Call, build_map

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from fake_github.hub import Hub
    from fake_github.routing import Route
    from fake_github.state import Token
    from fake_github.validation import Contract

READS = ("GET", "HEAD")
REDIRECTS = (301, 307)  # which the description has for a few operations only
FREE = "/rate_limit"  # does not count
MAP = build_map(ROUTES)


def serve(hub: Hub, request: Request, path: str, credential: tuple[Token | None, str | None]) -> Response:
    """Answer a request of the REST API.

    Args:
        hub: Where.
        request: The request.
        path: Below the API's address.
        credential: The token, and what the caller showed.
    """
    token, showed = credential
    try:
        entry, parameters = MAP.bind("").match(_named(hub, path), request.method)
    except HTTPException:
        hub.violations.append(f"{request.method} {path}: the server has no such operation")
        return response_to(token, NotFound().answer())
    body = json.loads(request.get_data() or "null") if request.method != "GET" else None
    query = request.args.to_dict()
    contract = hub.contract_for(parameters)
    if contract is not None:
        hub.violations += contract.request(entry.method, entry.path, query, body)
    content = body if isinstance(body, dict) else {}
    call = Call(hub, entry, token, parameters, query, content, request.headers.get("Accept", ""))
    with hub.lock:
        answer, headers = _answer(call, contract, showed)
    if contract is not None and answer.status not in REDIRECTS:
        hub.violations += contract.response(entry.method, entry.path, answer.status, answer.document)
    return response_to(token, Answer(answer.status, answer.document, {**headers, **answer.headers}))


def _named(hub: Hub, path: str) -> str:
    """Return a path with the repository's name, where it has the id that redirects lead to."""
    by_id = re.match(r"/repositories/(\d+)(?=/|$)", path)
    if by_id is None:
        return path
    found = next((one for one in hub.state.repositories.values() if str(one.id) == by_id[1]), None)
    return path if found is None else f"/repos/{found.full_name}{path[by_id.end() :]}"


def _answer(call: Call, contract: Contract | None, showed: str | None) -> tuple[Answer, dict[str, str]]:
    """Return the answer to a call, and the headers that state the caller's limit."""
    limits, token = call.hub.limits, call.token
    if showed is not None and token is None:
        return BadCredentials().answer(), limits.headers(token, "core")
    refusal = None if call.route.path == FREE else limits.admit(token, _work(call.route, contract))
    if refusal is not None:
        refused = Refused(limits.status, refusal.message)
        return refused.answer(), limits.headers(token, "core", refusal)
    try:
        answer = call.answer()
    except Refused as refused:
        answer = refused.answer()
    return answer, limits.headers(token, "core")


def _work(route: Route, contract: Contract | None) -> Work:
    """Return what an operation counts as."""
    operation = (contract and contract.operation(route.method, route.path)) or {}
    content = bool(operation.get("x-github", {}).get("triggersNotification"))
    return Work("core", writes=route.method not in READS, content=content)

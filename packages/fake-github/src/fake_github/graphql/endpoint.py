"""The address of the GraphQL API: who may ask, what a request must look like, and what is answered around a query.

https://docs.github.com/en/graphql/guides/forming-calls-with-graphql
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fake_github import sign_in
from fake_github.answers import Answer, BadCredentials, NotFound, Refused, response_to
from fake_github.graphql import execution
from fake_github.graphql.context import Context
from fake_github.graphql.schema import load
from fake_github.limits import Work
from fake_github.records import Query

if TYPE_CHECKING:
    from graphql import GraphQLSchema
    from werkzeug.wrappers import Request, Response

    from fake_github.graphql.execution import Plan
    from fake_github.hub import Hub
    from fake_github.limits import Refusal
    from fake_github.state import Document, Token

RESOURCE = "graphql"
ANONYMOUS = "This endpoint requires you to be authenticated."


def serve(hub: Hub, request: Request, token: Token | None, showed: str | None) -> Response:
    """Answer a request to the GraphQL API."""
    schema = load()
    if schema is None:
        return sign_in.viewer(request, token)
    try:
        with hub.lock:
            answer = _answer(hub, schema, request, _caller(token, showed))
    except Refused as refused:
        answer = refused.answer()
    return response_to(token, answer)


def _caller(token: Token | None, showed: str | None) -> Token:
    if token is None and showed is not None:
        raise BadCredentials
    if token is None:
        raise Refused(401, ANONYMOUS)
    if token.revoked or token.kind == "app":
        raise BadCredentials
    return token


def _answer(hub: Hub, schema: GraphQLSchema, request: Request, token: Token) -> Answer:
    if request.method != "POST":
        raise NotFound
    text, variables, name = _body(request)
    planned = execution.plan(schema, text, variables, name)
    refusal = hub.limits.admit(token, _work(hub, planned))
    if refusal is not None:
        return _refused(hub, token, refusal)
    if planned.invalid:
        hub.violations += [f"GraphQL: {error['message']}" for error in planned.errors]
        body: Document = {"errors": planned.errors}
    else:
        body = execution.run(schema, planned, Context(hub, token, _rate(hub, token, planned)))
        for fault in list(hub.graphql_faults):
            fault(body)
        errors = tuple(str(error.get("type", "")) for error in body.get("errors", ()))
        hub.queries.append(Query(planned.name, planned.cost.points, planned.cost.nodes, errors))
    return Answer(200, body, hub.limits.headers(token, RESOURCE))


def _work(hub: Hub, planned: Plan) -> Work:
    """Return what a query counts as; one that cannot run takes nothing from the hour."""
    points = 0 if planned.invalid else planned.cost.points
    seconds = planned.cost.nodes * hub.limits.seconds_per_node
    return Work(RESOURCE, points, writes=planned.writes, seconds=seconds)


def _refused(hub: Hub, token: Token, refusal: Refusal) -> Answer:
    """Return a refusal: the primary limit is an error in a response of status 200, a secondary one has another status.

    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """
    headers = hub.limits.headers(token, RESOURCE, refusal)
    if refusal.primary:
        return Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": refusal.message}]}, headers)
    return Answer(403, Refused(403, refusal.message).answer().document, headers)


def _body(request: Request) -> tuple[str, dict[str, Any], str | None]:
    """Return the query, its variables, and which of its operations to run."""
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise Refused(400, "A query attribute must be specified and must be a string.")
    variables = body.get("variables") or {}
    if not isinstance(variables, dict):
        raise Refused(400, "Variables must be an object.")
    return body["query"], variables, body.get("operationName")


def _rate(hub: Hub, token: Token, planned: Plan) -> Document:
    """Return what `rateLimit` answers."""
    state = hub.limits.state(token, RESOURCE)
    reset = datetime.fromtimestamp(state.pop("reset"), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**state, "resetAt": reset, "cost": planned.cost.points, "nodeCount": planned.cost.nodes}

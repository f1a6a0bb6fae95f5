"""GitHub's GraphQL API: one query, its data, and the errors that come with the data.

See https://docs.github.com/en/graphql/guides/using-graphql-clients and, for limits,
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rnd.github.client import LONGEST, UNKNOWN_WAIT
from rnd.github.errors import GitHubRefused, GitHubUnavailable, QueryTooHeavy, RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.github.client import Client

LIMITS = ("RATE_LIMIT", "RATE_LIMITED")
TOO_HEAVY = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED")
TIMEOUTS = (502, 504)  # GitHub's answers to a query that takes longer than 10 seconds


class Answer(NamedTuple):
    """The answer to a query.

    Attributes:
        data: The requested data; a field that GitHub could not answer is None.
        errors: Why, with the path of the field.
    """

    data: dict[str, Any]
    errors: Sequence[Mapping[str, Any]]


def ask(client: Client, query: str, variables: Mapping[str, object]) -> Answer:
    """Send a query once, without retries.

    Raises:
        QueryTooHeavy: A smaller query may succeed.
        RateLimited: The budget of the hour is used up, or GitHub asks for a pause.
        GitHubUnavailable: GitHub could not be reached.
        GitHubRefused: GitHub answered with errors only.
        SignInNeeded: The token is not valid.
    """
    body = {"query": query, "variables": dict(variables)}
    try:
        response = client.request(lambda kit: kit.request("POST", endpoint(client.addresses.api), json=body))
    except GitHubUnavailable as error:
        if error.status in TIMEOUTS:
            raise QueryTooHeavy(error.message) from error
        raise
    document = response.json()
    errors = document.get("errors") or []
    data = document.get("data")
    kinds = {str(error.get("type")) for error in errors}
    said = client.hide("; ".join(str(error.get("message")) for error in errors))[:LONGEST].rstrip(".")
    if kinds.intersection(LIMITS):
        raise RateLimited(f"GraphQL: {said}", _wait(response.headers))
    if kinds.intersection(TOO_HEAVY):
        raise QueryTooHeavy(f"GitHub stopped a query: {said}.")
    if not isinstance(data, dict):
        raise GitHubRefused(f"GitHub refused a query: {said or 'it sent no data'}.", status=response.status_code)
    return Answer(data, errors)


def endpoint(api: str) -> str:
    """Return the address of the GraphQL API that belongs to an address of the REST API."""
    return re.sub(r"/api/v3$", "/api", api) + "/graphql"


def _wait(headers: Mapping[str, str]) -> float:
    """Return how long to wait, in seconds: until the budget is renewed."""
    reset = headers.get("X-RateLimit-Reset", "")
    return max(1.0, int(reset) - time.time()) if reset.isdigit() else UNKNOWN_WAIT

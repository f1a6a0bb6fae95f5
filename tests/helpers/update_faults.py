"""Faults of a tick of `rnd fleet update`: what GitHub and git answer, and what each of them must lead to."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from fake_github.faults import DROP, query_error, refusal
from tests.helpers.update_scenes import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable


SECONDARY = "You have exceeded a secondary rate limit."


BLOCKED = f"{SECONDARY} You have been temporarily blocked from content creation."


PRIMARY = "API rate limit exceeded for user ID 1."


# What a fault means: only this repository fails, the tick ends, no other request is sent, or nothing is lost.
ONE, LEFT_OUT, ENDS, SIGN_IN, OVERCOME = "one fails", "left for the next tick", "the tick ends", "no token", "overcome"


Row = tuple["Callable[[], Any]", str]


REST: dict[str, Row] = {
    "401": (lambda: refusal(401, "Bad credentials"), SIGN_IN),
    "403 no permission": (lambda: refusal(403, "Resource not accessible by integration"), ONE),
    "404 deleted": (lambda: refusal(404, "Not Found"), ONE),
    "422": (lambda: refusal(422, "Validation Failed"), ONE),
    "403 secondary": (lambda: refusal(403, SECONDARY, Retry_After="1800"), ENDS),
    "403 content block": (lambda: refusal(403, BLOCKED, Retry_After="1800"), ENDS),
    "403 primary": (lambda: refusal(403, PRIMARY, **used_up()), ENDS),
    "429": (lambda: refusal(429, "Too many requests", Retry_After="1800"), ENDS),
    "502": (lambda: refusal(502, "Bad Gateway"), OVERCOME),
    "cut": (lambda: DROP, OVERCOME),
}


FEWER = ("401", "403 no permission", "404 deleted", "403 secondary", "502", "cut")  # of what creates nothing


FEWEST = ("403 no permission", "403 secondary", "502")  # of what only reads, and of a second request of a kind


ACTED = ("502", "cut")  # GitHub may have acted although the answer says nothing of it


# What git prints; `{url}` is the repository.
GIT: dict[str, tuple[str, str]] = {
    "401": ("fatal: Authentication failed for '{url}/'", ONE),
    "403": (ARCHIVED, ONE),
    "rule": ("! [remote rejected] rnd/template -> rnd/template (push declined due to repository rule violations)", ONE),
    "disk full": ("fatal: write error: No space left on device", ONE),
    "429": ("fatal: unable to access '{url}/': The requested URL returned error: 429", OVERCOME),
    "502": ("fatal: unable to access '{url}/': The requested URL returned error: 502", OVERCOME),
    "cut": ("fatal: the remote end hung up unexpectedly", OVERCOME),
}


QUERIES: dict[str, Callable[[], Any]] = {
    "401": REST["401"][0],
    "403 secondary": REST["403 secondary"][0],
    "403 primary": REST["403 primary"][0],
    "429": REST["429"][0],
    "RATE_LIMITED": lambda: query_error("RATE_LIMITED", PRIMARY),
    "resource limits": lambda: query_error("RESOURCE_LIMITS_EXCEEDED", "Resource limits exceeded."),
    "without data": lambda: query_error("INTERNAL", "Something went wrong."),
    "502": REST["502"][0],
    "504": lambda: refusal(504, "Gateway Timeout"),
    "cut": REST["cut"][0],
}


MUTATIONS: dict[str, Row] = {
    "401": REST["401"],
    "403 secondary": REST["403 secondary"],
    "RATE_LIMITED": (QUERIES["RATE_LIMITED"], OVERCOME),  # without a time, the tick waits a minute
    "without data": (QUERIES["without data"], ONE),
    "refused": (lambda: null_mutation("convertPullRequestToDraft", "Resource not accessible by integration"), ONE),
    "502": REST["502"],
    "cut": REST["cut"],
}


OPERATIONS = ("Repositories", "Tags", "Updates", "Pulls", "Ledger")


PARTS: tuple[tuple[str | int, ...], ...] = (
    ("organization",),
    ("organization", "repositories"),
    ("repository",),
    ("repository", "refs"),
    ("repository", "central"),
    ("repository", "canary"),
    ("nodes", 0),
    *(("nodes", 0, part) for part in ("updates", "branch", "head", "hold", "headRef", "commits")),
)


# The second `repository` is the ledger's; `NOT_FOUND` is what a token sees that cannot read the template.
NULLS = (
    *((path, "INTERNAL", 0) for path in PARTS),
    (("repository",), "INTERNAL", 1),
    (("repository",), "NOT_FOUND", 0),
    (("repository",), "NOT_FOUND", 1),
)


def used_up() -> dict[str, str]:
    """Return the headers that say that the limit is used up for half an hour from now."""
    return {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(time.time()) + 1800)}


def null_mutation(field: str, message: str) -> Response:
    """Return an answer of GraphQL in which one field is null, with the reason."""
    document = {"data": {field: None}, "errors": [{"type": "FORBIDDEN", "path": [field], "message": message}]}
    return Response(json.dumps(document), content_type="application/json; charset=utf-8")

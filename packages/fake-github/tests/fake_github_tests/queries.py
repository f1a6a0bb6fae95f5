"""Queries of the GraphQL API, and what they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github_tests.acme import Acme


def ask(hub: FakeGitHub, token: str | None, query: str, **variables: object) -> dict[str, Any]:
    """Send a query and return the whole answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    response = httpx.post(hub.graphql_url, json={"query": query, "variables": variables}, headers=headers)
    answer: dict[str, Any] = response.json()
    return answer


def data(acme: Acme, query: str, **variables: object) -> Any:  # noqa: ANN401 - any JSON
    answer = ask(acme.hub, acme.token, query, **variables)
    assert "errors" not in answer
    return answer["data"]


def refusals(hub: FakeGitHub, token: str | None, query: str, **variables: object) -> list[tuple[str, str]]:
    answer = ask(hub, token, query, **variables)
    return [(error.get("type", ""), error["message"]) for error in answer["errors"]]

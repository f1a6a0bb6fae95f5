"""Any query can be made to fail, as a whole or in one part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from fake_github import DROP, null_at, once_query, query_error, refusal
from fake_github_tests.queries import ask, data

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme

QUERY = 'query Topics { repository(owner: "Acme", name: "rover") { name repositoryTopics(first: 1) { totalCount } } }'
WHOLE = {"repository": {"name": "rover", "repositoryTopics": {"totalCount": 0}}}


def post(acme: Acme, query: str) -> httpx.Response:
    sign_in = {"Authorization": f"Bearer {acme.token}"}
    return httpx.post(acme.hub.graphql_url, json={"query": query}, headers=sign_in)


@pytest.mark.parametrize("status", [502, 504])
def test_the_server_gives_up_once(acme: Acme, status: int) -> None:
    acme.hub.faults.append(once_query("Topics", refusal(status, "Something went wrong"), skip=1))
    assert post(acme, "{ viewer { login } }").status_code == 200  # another query
    assert [post(acme, QUERY).status_code for _ in range(3)] == [200, status, 200]


@pytest.mark.parametrize("kind", ["RATE_LIMITED", "RESOURCE_LIMITS_EXCEEDED"])
def test_an_error_comes_with_status_200(acme: Acme, kind: str) -> None:
    acme.hub.faults.append(once_query("", query_error(kind, "Resource limits for this query exceeded.")))
    answer = ask(acme.hub, acme.token, QUERY)
    assert (answer["data"], [error["type"] for error in answer["errors"]]) == (None, [kind])
    assert data(acme, QUERY) == WHOLE


def test_a_connection_is_cut(acme: Acme) -> None:
    acme.hub.faults.append(once_query("Topics", DROP))
    with pytest.raises(httpx.TransportError):
        post(acme, QUERY)
    assert data(acme, QUERY) == WHOLE


def test_one_part_is_missing(acme: Acme) -> None:
    path = ("repository", "repositoryTopics")
    fault = null_at(*path, type="RESOURCE_LIMITS_EXCEEDED", message="Resource limits for this query exceeded.", skip=1)
    acme.hub.graphql_faults.append(fault)
    assert data(acme, QUERY) == WHOLE
    assert data(acme, "{ viewer { login } }") == {"viewer": {"login": "ada"}}  # has no such part
    answer = ask(acme.hub, acme.token, QUERY)
    assert answer["data"] == {"repository": {"name": "rover", "repositoryTopics": None}}
    assert [(error["type"], error["path"]) for error in answer["errors"]] == [("RESOURCE_LIMITS_EXCEEDED", list(path))]
    assert data(acme, QUERY) == WHOLE

"""What queries cost, with the examples of GitHub's own page.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graphql import FragmentDefinitionNode, get_operation_ast, parse

from fake_github.graphql.cost import Cost, measure
from fake_github.graphql.schema import load
from fake_github_tests.queries import ask, refusals

if TYPE_CHECKING:
    from fake_github import FakeGitHub


def cost(query: str, **variables: object) -> Cost:
    schema = load()
    assert schema is not None
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return measure(schema, operation, fragments, variables)


def test_the_simple_example() -> None:
    query = """query { viewer { repositories(first: 50) { edges { repository: node {
      name issues(first: 10) { totalCount edges { node { title bodyHTML } } } } } } } }"""
    assert cost(query).nodes == 550


def test_the_complex_example() -> None:
    query = """query { viewer {
      repositories(first: 50) { edges { repository: node { name
        pullRequests(first: 20) { edges { pullRequest: node { title
          comments(first: 10) { edges { comment: node { bodyHTML } } } } } }
        issues(first: 20) { totalCount edges { issue: node { title bodyHTML
          comments(first: 10) { edges { comment: node { bodyHTML } } } } } } } } }
      followers(first: 10) { edges { follower: node { login } } } } }"""
    assert cost(query).nodes == 22_060


def test_the_example_of_points() -> None:
    """One request for repositories, 100 for their issues, 5,000 for the labels of those: 5,101 come to 51 points."""
    query = """query { viewer { login repositories(first: 100) { edges { node { id
      issues(first: 50) { edges { node { id
        labels(first: 60) { edges { node { id name } } } } } } } } } } }"""
    found = cost(query)
    assert (found.requests, found.points) == (5101, 51)


@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ("{ viewer { login } }", 0),
        # Without bounds, only what a connection says of itself.
        ("{ viewer { repositories { totalCount } } }", 1),
        # The same connection twice under one name is one connection.
        ("{ viewer { repositories(first: 2) { totalCount } repositories(first: 2) { nodes { id } } } }", 1),
        ("{ viewer { repositories(first: 2) { totalCount } again: repositories(first: 2) { nodes { id } } } }", 2),
        (
            "{viewer {...F}} fragment F on User { repositories(first: 9) { nodes { forks(last: 1) { __typename } } } }",
            10,
        ),
        ("query($no: Boolean = false) { viewer { repositories(first: 2) @include(if: $no) { totalCount } } }", 0),
        ('{ nodes(ids: ["a", "b", "c"]) { ... on RepositoryRuleset { rules(first: 5) { totalCount } } } }', 3),
    ],
)  # fmt: skip
def test_requests_are_counted(query: str, requests: int) -> None:
    assert cost(query, no=False).requests == requests


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ("orderBy: {field: NAME, direction: ASC}", "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first`"),
        ("first: 101", "EXCESSIVE_PAGINATION", "Requesting 101 records"),
        ("first: 0", "EXCESSIVE_PAGINATION", "cannot be less than 1"),
        ("first: 1, last: 1", "EXCESSIVE_PAGINATION", "Passing both `first` and `last`"),
    ],
)  # fmt: skip
def test_a_connection_needs_its_bounds(hub: FakeGitHub, arguments: str, kind: str, message: str) -> None:
    query = f"{{ viewer {{ repositories({arguments}) {{ totalCount nodes {{ id }} }} }} }}"
    ((found, said),) = refusals(hub, hub.add_user("ada"), query)
    assert (found, message in said) == (kind, True)
    assert hub.queries == []  # nothing ran
    hub.violations.clear()


def test_bounds_may_be_variables(hub: FakeGitHub) -> None:
    query = "query($n: Int!) { viewer { repositories(first: $n) { totalCount } } }"
    token = hub.add_user("ada")
    assert ask(hub, token, query, n=5)["data"]["viewer"]["repositories"] == {"totalCount": 0}
    assert refusals(hub, token, query, n=500)[0][0] == "EXCESSIVE_PAGINATION"
    hub.violations.clear()


def test_too_many_nodes_are_refused(hub: FakeGitHub) -> None:
    query = """{ viewer { repositories(first: 100) { nodes { pullRequests(first: 100) { nodes {
      comments(first: 100) { totalCount } } } } } } }"""
    message = "This query requests up to 1,010,100 possible nodes which exceeds the maximum limit of 500,000."
    assert refusals(hub, hub.add_user("ada"), query) == [("MAX_NODE_LIMIT_EXCEEDED", message)]
    hub.violations.clear()


def test_too_many_ids_are_refused(hub: FakeGitHub) -> None:
    said = refusals(hub, hub.add_user("ada"), "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101)
    assert said == [("ARGUMENT_LIMIT", "You may not provide more than 100 node ids; you provided 101.")]
    hub.violations.clear()


def test_a_query_says_what_it_cost(hub: FakeGitHub) -> None:
    query = """{ viewer { repositories(first: 100) { nodes { a: forks(first: 1) { totalCount }
      b: forks(first: 1) { totalCount } } } } rateLimit { cost nodeCount limit remaining used } }"""
    found = ask(hub, hub.add_user("ada"), query)["data"]["rateLimit"]
    assert found == {"cost": 2, "nodeCount": 300, "limit": 5000, "remaining": 4998, "used": 2}
    assert [(one.points, one.nodes) for one in hub.queries] == [(2, 300)]

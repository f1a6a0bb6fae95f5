"""The GraphQL API: GitHub's schema, executed over the state that the REST API shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from fake_github_tests.acme import client, git
from fake_github_tests.queries import ask, data, refusals

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github_tests.acme import Acme

ROVER = 'repository(owner: "Acme", name: "rover")'


def test_a_generated_client_asks_it(acme: Acme) -> None:
    found = acme.ada.graphql("query($login: String!) { organization(login: $login) { login } }", {"login": "acme"})
    assert found == {"organization": {"login": "Acme"}}


def test_both_addresses_answer(acme: Acme) -> None:
    sign_in = {"Authorization": f"Bearer {acme.token}"}
    for path in ("/graphql", "/api/graphql"):
        said = httpx.post(acme.hub.url + path, json={"query": "{ viewer { login } }"}, headers=sign_in)
        assert said.json() == {"data": {"viewer": {"login": "ada"}}}
        assert said.headers["X-RateLimit-Resource"] == "graphql"


def test_who_may_ask(hub: FakeGitHub) -> None:
    query = {"query": "{ viewer { login } }"}
    anonymous = httpx.post(hub.graphql_url, json=query)
    assert (anonymous.status_code, anonymous.json()["message"]) == (
        401,
        "This endpoint requires you to be authenticated.",
    )
    wrong = httpx.post(hub.graphql_url, json=query, headers={"Authorization": "Bearer ghp_wrong"})
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    sign_in = {"Authorization": f"Bearer {hub.add_user('ada')}"}
    assert httpx.post(hub.graphql_url, content="{", headers=sign_in).status_code == 400
    assert httpx.get(hub.graphql_url, headers=sign_in).status_code == 404


def test_files_are_read_at_a_branch(acme: Acme) -> None:
    sha = acme.clone.commit("feat: drive", speed="fast")
    assert acme.clone.push("main").returncode == 0
    blob = "... on Blob { text oid byteSize isBinary isTruncated }"
    found = data(
        acme,
        f"""{{ {ROVER} {{
          defaultBranchRef {{ name prefix target {{ oid ... on Commit {{ message committedDate }} }} }}
          there: object(expression: "main:speed.txt") {{ {blob} }}
          missing: object(expression: "main:no/speed.txt") {{ {blob} }}
          elsewhere: object(expression: "dev:speed.txt") {{ {blob} }}
          top: object(expression: "HEAD:") {{ ... on Tree {{ entries {{ name type oid }} }} }}
        }} }}""",
    )["repository"]
    branch = found["defaultBranchRef"]
    assert (branch["name"], branch["prefix"], branch["target"]["oid"]) == ("main", "refs/heads/", sha)
    assert branch["target"]["message"] == "feat: drive"
    listed = git(acme.clone.folder, "ls-tree", "--format=%(objecttype) %(objectname) %(path)", "main").splitlines()
    assert [f"{one['type']} {one['oid']} {one['name']}" for one in found["top"]["entries"]] == listed
    oid = git(acme.clone.folder, "rev-parse", "main:speed.txt")
    assert found["there"] == {"text": "fast", "oid": oid, "byteSize": 4, "isBinary": False, "isTruncated": False}
    assert (found["missing"], found["elsewhere"]) == (None, None)


def test_an_object_of_another_repository_is_not_found(acme: Acme) -> None:
    """Objects are read once for all repositories; each shows only its own."""
    sha = data(acme, f"{{ {ROVER} {{ defaultBranchRef {{ target {{ oid }} }} }} }}")
    oid = sha["repository"]["defaultBranchRef"]["target"]["oid"]
    acme.ada.rest.repos.create_in_org("Acme", name="probe", auto_init=True)
    query = """query($oid: GitObjectID!, $name: String!) { repository(owner: "Acme", name: "probe") {
      object(oid: $oid) { oid } byName: object(expression: $name) { oid } } }"""
    assert data(acme, query, oid=oid, name=oid)["repository"] == {"object": None, "byName": None}


def test_pull_requests_and_their_checks(acme: Acme) -> None:
    head = acme.clone.branch("drive", "feat: drive", speed="fast")
    number = acme.open_pull("drive", "feat: drive")
    query = f"""query($states: [PullRequestState!]) {{ {ROVER} {{
      pullRequests(first: 5, states: $states, headRefName: "drive") {{ totalCount nodes {{
        number state isDraft mergeable mergeStateStatus headRefOid createdAt closed merged author {{ login __typename }}
        statusCheckRollup {{ state }} }} }} }} }}"""
    (found,) = data(acme, query, states=["OPEN"])["repository"]["pullRequests"]["nodes"]
    assert (found["number"], found["headRefOid"], found["mergeable"]) == (number, head, "MERGEABLE")
    assert (found["state"], found["mergeStateStatus"], found["statusCheckRollup"]) == ("OPEN", "CLEAN", None)
    assert found["author"] == {"login": "ada", "__typename": "User"}
    acme.pass_check(head, conclusion="failure")
    (found,) = data(acme, query, states=["OPEN"])["repository"]["pullRequests"]["nodes"]
    assert found["statusCheckRollup"] == {"state": "FAILURE"}
    acme.pass_check(head)
    acme.merge(number, "squash")
    assert data(acme, query, states=["OPEN"])["repository"]["pullRequests"]["totalCount"] == 0
    (found,) = data(acme, query, states=["MERGED"])["repository"]["pullRequests"]["nodes"]
    assert (found["state"], found["closed"], found["merged"]) == ("MERGED", True, True)
    assert found["statusCheckRollup"] == {"state": "SUCCESS"}


def test_a_ruleset_has_its_parameters(acme: Acme) -> None:
    organisation = acme.hub.state.organisation("Acme")
    assert organisation is not None
    team = organisation.teams["builders"]
    actors = [{"actor_type": "Team", "actor_id": team.id}, {"actor_type": "RepositoryRole", "actor_id": 5}]
    number = acme.protect("all-green", bypass_actors=actors)
    query = f"""{{ {ROVER} {{ rulesets(first: 5) {{ nodes {{ id databaseId name enforcement target
      conditions {{ refName {{ include exclude }} }}
      rules(first: 20) {{ nodes {{ type parameters {{ __typename
        ... on PullRequestParameters {{ requiredApprovingReviewCount requireLastPushApproval }}
        ... on RequiredStatusChecksParameters {{ strictRequiredStatusChecksPolicy doNotEnforceOnCreate
          requiredStatusChecks {{ context integrationId }} }} }} }} }}
      bypassActors(first: 10) {{ nodes {{ bypassMode repositoryRoleDatabaseId repositoryRoleName organizationAdmin
        actor {{ ... on Team {{ slug databaseId }} }} }} }} }} }} }} }}"""
    (found,) = data(acme, query)["repository"]["rulesets"]["nodes"]
    assert (found["databaseId"], found["enforcement"], found["target"]) == (number, "ACTIVE", "BRANCH")
    assert found["conditions"] == {"refName": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    rules = {rule["type"]: rule["parameters"] for rule in found["rules"]["nodes"]}
    assert list(rules) == ["DELETION", "NON_FAST_FORWARD", "PULL_REQUEST", "REQUIRED_STATUS_CHECKS"]
    assert rules["DELETION"] is None
    checks = rules["REQUIRED_STATUS_CHECKS"]
    assert checks["requiredStatusChecks"] == [{"context": "all-green", "integrationId": None}]
    assert checks["strictRequiredStatusChecksPolicy"] is True
    by_team, by_role = found["bypassActors"]["nodes"]
    assert by_team["actor"] == {"slug": "builders", "databaseId": team.id}
    assert (by_role["repositoryRoleDatabaseId"], by_role["repositoryRoleName"], by_role["actor"]) == (5, "admin", None)
    by_id = data(acme, "query($id: ID!) { node(id: $id) { ... on RepositoryRuleset { name } } }", id=found["id"])
    assert by_id == {"node": {"name": "main"}}


def test_an_app_may_bypass_a_ruleset(acme: Acme) -> None:
    acme.hub.add_app("builder", "Acme", {"contents": "write"})
    (app,) = acme.hub.apps.values()
    acme.protect(bypass_actors=[{"actor_type": "Integration", "actor_id": app.id}])
    query = f"""{{ {ROVER} {{ rulesets(first: 1) {{ nodes {{ bypassActors(first: 1) {{ nodes {{
      actor {{ __typename ... on App {{ databaseId slug }} }} }} }} }} }} }} }}"""
    (ruleset,) = data(acme, query)["repository"]["rulesets"]["nodes"]
    (actor,) = ruleset["bypassActors"]["nodes"]
    assert actor == {"actor": {"__typename": "App", "databaseId": app.id, "slug": "builder"}}


def test_who_does_not_administer_does_not_see_who_may_bypass(acme: Acme) -> None:
    acme.protect("all-green")
    bob = acme.hub.add_user("bob", scopes={"repo"})
    query = f"{{ {ROVER} {{ rulesets(first: 5) {{ nodes {{ name bypassActors(first: 5) {{ totalCount }} }} }} }} }}"
    answer = ask(acme.hub, bob, query)
    assert answer["data"]["repository"]["rulesets"]["nodes"] == [{"name": "main", "bypassActors": None}]
    assert [(error["type"], error["path"][-1]) for error in answer["errors"]] == [("FORBIDDEN", "bypassActors")]


def test_what_a_caller_may_not_see_is_not_there(acme: Acme) -> None:
    not_found = [("NOT_FOUND", "Could not resolve to a Repository with the name 'Acme/rover'.")]
    listed = '{ organization(login: "Acme") { repositories(first: 5) { totalCount } } }'
    weak = acme.hub.add_user("ada", scopes={"public_repo"})
    for token in (acme.hub.add_user("eve"), weak, acme.hub.app_token("Acme/other", {})):
        answer = ask(acme.hub, token, f"{{ {ROVER} {{ name }} }}")
        assert answer["data"] == {"repository": None}
        assert [(error["type"], error["message"]) for error in answer["errors"]] == not_found
        assert ask(acme.hub, token, listed)["data"]["organization"]["repositories"]["totalCount"] == 0


def test_teams_need_a_scope(acme: Acme) -> None:
    query = '{ organization(login: "Acme") { teams(first: 5) { nodes { slug } } } }'
    assert [team["slug"] for team in data(acme, query)["organization"]["teams"]["nodes"]] == ["builders", "readers"]
    ((kind, message),) = refusals(acme.hub, acme.hub.add_user("ada", scopes={"repo"}), query)
    assert kind == "INSUFFICIENT_SCOPES"
    assert "requires one of the following scopes: ['read:org']" in message


def test_a_team_has_its_repositories_with_the_permission(acme: Acme) -> None:
    acme.ada.rest.teams.add_or_update_repo_permissions_in_org("Acme", "builders", "Acme", "rover", permission="push")
    query = """{ organization(login: "Acme") { team(slug: "builders") {
      repositories(first: 5) { edges { permission node { name } } } } } }"""
    assert data(acme, query)["organization"]["team"]["repositories"]["edges"] == [
        {"permission": "WRITE", "node": {"name": "rover"}}
    ]


def test_pages_follow_each_other(acme: Acme) -> None:
    for number in range(4):
        acme.ada.rest.repos.create_in_org("Acme", name=f"probe-{number}")
    query = """query($after: String) { organization(login: "Acme") {
      repositories(first: 2, after: $after, orderBy: {field: NAME, direction: DESC}) {
        totalCount pageInfo { hasNextPage endCursor } nodes { name } } } }"""
    names, after, pages = [], None, 0
    while True:
        found = data(acme, query, after=after)["organization"]["repositories"]
        names += [one["name"] for one in found["nodes"]]
        after, pages = found["pageInfo"]["endCursor"], pages + 1
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert (names, pages) == (["rover", "probe-3", "probe-2", "probe-1", "probe-0"], 3)
    said = refusals(acme.hub, acme.token, query, after="wrong")
    assert said == [("INVALID_CURSOR_ARGUMENTS", "`wrong` does not appear to be a valid cursor.")]


def test_nodes_keep_their_places(acme: Acme) -> None:
    known = data(acme, f"{{ {ROVER} {{ id }} }}")["repository"]["id"]
    answer = ask(acme.hub, acme.token, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x", known])
    assert answer["data"] == {"nodes": [None, {"id": known}]}
    assert [(error["type"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["nodes", 0])]


def test_an_app_goes_by_two_names(acme: Acme) -> None:
    """The REST API calls a bot `rehearsal[bot]`, GraphQL `rehearsal`."""
    acme.clone.branch("drive", "feat: drive", speed="fast")
    app = client(acme.hub, acme.hub.app_token("Acme/rover", {"pull_requests": "write", "contents": "write"}))
    made = app.rest.pulls.create("Acme", "rover", title="feat: drive", head="drive", base="main").json()
    assert made["user"]["login"] == "rehearsal[bot]"
    found = data(acme, f"{{ {ROVER} {{ pullRequest(number: {made['number']}) {{ author {{ login __typename }} }} }} }}")
    assert found["repository"]["pullRequest"]["author"] == {"login": "rehearsal", "__typename": "Bot"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ viewer { shoeSize } }", "Field 'shoeSize' doesn't exist on type 'User'"),
        ("{ viewer { login(of: 1) } }", "Field 'login' doesn't accept argument 'of'"),
        ("{ viewer { login }", "Syntax Error: Expected Name, found <EOF>."),
        ('{ repository(owner: 1, name: "x") { id } }', "String cannot represent a non string value: 1"),
        (
            '{ viewer { x: repository(name: "a") { v: name } x: repository(name: "a") { v: isFork } } }',
            "Fields 'x' conflict because subfields 'v' conflict because 'name' and 'isFork' are different fields."
            " Use different aliases on the fields to fetch both if this was intentional.",
        ),
        (
            "{ node(id: 1) { ... on User { v: databaseId } ... on Organization { v: login } } }",
            "Fields 'v' conflict because they return conflicting types 'Int' and 'String!'."
            " Use different aliases on the fields to fetch both if this was intentional.",
        ),
    ],
)
def test_what_the_schema_does_not_have_is_a_violation(hub: FakeGitHub, query: str, message: str) -> None:
    assert refusals(hub, hub.add_user("ada"), query) == [("", message)]
    assert hub.violations == [f"GraphQL: {message}"]
    hub.violations.clear()


def test_one_name_may_be_null_in_one_type_and_not_in_another(acme: Acme) -> None:
    """GitHub's server tolerates that, and `gh pr view` relies on it; the schema says `String` and `String!`."""
    found = data(acme, f"{{ {ROVER} {{ owner {{ ... on User {{ v: name }} ... on Organization {{ v: login }} }} }} }}")
    assert found == {"repository": {"owner": {"v": "Acme"}}}


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{ viewer { bio } }", "User.bio"),
        (
            "{ viewer { repositories(first: 1, affiliations: OWNER) { totalCount } } }",
            "the argument affiliations of User.repositories",
        ),
        ('mutation { addStar(input: {starrableId: "x"}) { clientMutationId } }', "Mutation.addStar"),
    ],
)  # fmt: skip
def test_what_is_not_modelled_is_a_violation_and_no_silent_null(hub: FakeGitHub, query: str, what: str) -> None:
    message = f"GraphQL: the fake GitHub does not model {what}"
    assert refusals(hub, hub.add_user("ada"), query) == [("", message)]
    assert hub.violations == [message]
    hub.violations.clear()

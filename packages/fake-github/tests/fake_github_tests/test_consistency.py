"""For any state of a repository, both APIs give the same facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import HealthCheck, given, settings

from fake_github.graphql.fields import camel
from fake_github_tests.random_states import make, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.state import Document
    from fake_github_tests.acme import Acme

# The names of settings in GraphQL and in REST, written here a second time: a mistake in the fake would be in both.
SETTINGS = {
    "allowUpdateBranch": "allow_update_branch",
    "autoMergeAllowed": "allow_auto_merge",
    "deleteBranchOnMerge": "delete_branch_on_merge",
    "description": "description",
    "forkingAllowed": "allow_forking",
    "hasDiscussionsEnabled": "has_discussions",
    "hasIssuesEnabled": "has_issues",
    "hasProjectsEnabled": "has_projects",
    "hasWikiEnabled": "has_wiki",
    "homepageUrl": "homepage",
    "isArchived": "archived",
    "isPrivate": "private",
    "isTemplate": "is_template",
    "mergeCommitAllowed": "allow_merge_commit",
    "mergeCommitMessage": "merge_commit_message",
    "mergeCommitTitle": "merge_commit_title",
    "rebaseMergeAllowed": "allow_rebase_merge",
    "squashMergeAllowed": "allow_squash_merge",
    "squashMergeCommitMessage": "squash_merge_commit_message",
    "squashMergeCommitTitle": "squash_merge_commit_title",
    "squashPrTitleUsedAsDefault": "use_squash_pr_title_as_default",
    "webCommitSignoffRequired": "web_commit_signoff_required",
}
ROLES = {"pull": "READ", "triage": "TRIAGE", "push": "WRITE", "maintain": "MAINTAIN", "admin": "ADMIN"}

QUERY = """query($name: String!) { repository(owner: "Acme", name: $name) {
  %s
  id databaseId name nameWithOwner visibility createdAt pushedAt updatedAt isDisabled isFork isMirror mirrorUrl url
  viewerPermission owner { login }
  defaultBranchRef { name target { oid ... on Commit { message committedDate statusCheckRollup { state
    contexts(first: 20) { nodes { __typename ... on CheckRun { databaseId status conclusion name }
      ... on StatusContext { context state } } } } } } }
  top: object(expression: "HEAD:") { ... on Tree { oid } }
  repositoryTopics(first: 20) { nodes { topic { name } } }
  environments(first: 10) { nodes { id databaseId name protectionRules(first: 5) { nodes { databaseId type } } } }
  rulesets(first: 10) { nodes { id databaseId name target enforcement createdAt updatedAt
    conditions { refName { include exclude } }
    rules(first: 20) { nodes { type parameters { __typename
      ... on PullRequestParameters { dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval
        requiredApprovingReviewCount requiredReviewThreadResolution }
      ... on RequiredStatusChecksParameters { strictRequiredStatusChecksPolicy doNotEnforceOnCreate
        requiredStatusChecks { context } } } } }
    bypassActors(first: 20) { nodes { bypassMode organizationAdmin repositoryRoleDatabaseId
      actor { ... on Team { databaseId } } } } } }
  pullRequests(first: 10) { nodes { id databaseId number title state isDraft merged mergedAt closedAt createdAt
    mergeable mergeStateStatus headRefName headRefOid baseRefName baseRefOid author { login } mergeCommit { oid } } }
} team: organization(login: "Acme") { team(slug: "builders") {
    repositories(first: 100) { edges { permission node { name } } } } } }""" % " ".join(sorted(SETTINGS))  # noqa: UP031


def by_graphql(acme: Acme, name: str) -> Document:
    """Return the facts that one query gives, with the names and words of the REST API."""
    sign_in = {"Authorization": f"Bearer {acme.token}"}
    said = httpx.post(acme.hub.graphql_url, json={"query": QUERY, "variables": {"name": name}}, headers=sign_in).json()
    assert "errors" not in said, said["errors"]
    one = said["data"]["repository"]
    branch = one["defaultBranchRef"]
    edges = said["data"]["team"]["team"]["repositories"]["edges"]
    permissions = {edge["node"]["name"]: edge["permission"] for edge in edges}
    return {
        "repository": {
            **{rest: one[field] for field, rest in SETTINGS.items()},
            "id": one["databaseId"], "node_id": one["id"], "name": one["name"], "full_name": one["nameWithOwner"],
            "visibility": one["visibility"].lower(), "created_at": one["createdAt"], "pushed_at": one["pushedAt"],
            "updated_at": one["updatedAt"], "disabled": one["isDisabled"], "fork": one["isFork"],
            "mirror_url": one["mirrorUrl"], "html_url": one["url"], "owner": one["owner"]["login"],
            "topics": [node["topic"]["name"] for node in one["repositoryTopics"]["nodes"]],
        },
        "mirror": one["isMirror"],
        "administers": one["viewerPermission"] == "ADMIN",
        "branch": branch and {
            "name": branch["name"], "sha": branch["target"]["oid"], "message": branch["target"]["message"],
            "date": branch["target"]["committedDate"], "tree": one["top"]["oid"],
        },
        "rollup": branch and rollup(branch["target"]["statusCheckRollup"]),
        "team": permissions.get(name),
        "environments": {node["name"]: (node["databaseId"], node["id"], [
            (rule["databaseId"], rule["type"].lower()) for rule in node["protectionRules"]["nodes"]
        ]) for node in one["environments"]["nodes"]},
        "rulesets": [ruleset(node) for node in one["rulesets"]["nodes"]],
        "pulls": [pull(node) for node in one["pullRequests"]["nodes"]],
    }  # fmt: skip


def rollup(found: Document | None) -> Document | None:
    """Return the checks and statuses of a commit, and whether all of them are good."""
    if found is None:
        return None

    def lower(word: str | None) -> str | None:
        return word and word.lower()

    nodes = found["contexts"]["nodes"]
    runs = [node for node in nodes if node["__typename"] == "CheckRun"]
    return {
        "runs": sorted(
            (run["name"], run["databaseId"], lower(run["status"]), lower(run["conclusion"])) for run in runs
        ),
        "statuses": sorted((node["context"], lower(node["state"])) for node in nodes if node not in runs),
        "state": found["state"],
    }  # fmt: skip


def ruleset(node: Document) -> Document:
    """Return a ruleset in the form of REST, without what GraphQL leaves out."""

    def parameters(rule: Document) -> Document:
        return {key: value for key, value in (rule["parameters"] or {}).items() if key != "__typename"}

    bypass = []
    for actor in node["bypassActors"]["nodes"]:
        team = (actor["actor"] or {}).get("databaseId")
        role = actor["repositoryRoleDatabaseId"]
        kind = "OrganizationAdmin" if actor["organizationAdmin"] else "RepositoryRole" if role else "Team"
        bypass.append((kind, 1 if actor["organizationAdmin"] else role or team, actor["bypassMode"].lower()))
    return {
        "id": node["databaseId"], "node_id": node["id"], "name": node["name"], "target": node["target"].lower(),
        "enforcement": node["enforcement"].lower(), "created_at": node["createdAt"], "updated_at": node["updatedAt"],
        "conditions": {"ref_name": node["conditions"]["refName"]},
        "rules": [(rule["type"].lower(), parameters(rule)) for rule in node["rules"]["nodes"]],
        "bypass_actors": bypass,
    }  # fmt: skip


def pull(node: Document) -> Document:
    """Return a pull request in the form of REST."""
    return {
        "id": node["databaseId"], "node_id": node["id"], "number": node["number"], "title": node["title"],
        "state": {"OPEN": "open"}.get(node["state"], "closed"), "draft": node["isDraft"], "merged": node["merged"],
        "merged_at": node["mergedAt"], "closed_at": node["closedAt"], "created_at": node["createdAt"],
        "mergeable": {"MERGEABLE": True, "CONFLICTING": False, "UNKNOWN": None}[node["mergeable"]],
        "mergeable_state": node["mergeStateStatus"].lower(), "head": (node["headRefName"], node["headRefOid"]),
        "base": (node["baseRefName"], node["baseRefOid"]), "user": node["author"]["login"],
        "merge_commit_sha": node["mergeCommit"] and node["mergeCommit"]["oid"],
    }  # fmt: skip


def by_rest(acme: Acme, name: str) -> Document:
    """Return the facts that the REST API gives, in many requests."""
    with httpx.Client(base_url=acme.hub.api_url, headers={"Authorization": f"Bearer {acme.token}"}) as client:

        def get(path: str) -> Any:  # noqa: ANN401 - any JSON
            response = client.get(f"/repos/Acme/{name}{path}")
            return response.json() if response.status_code == 200 else None

        whole = get("")
        wanted = [*SETTINGS.values(), "id", "node_id", "name", "full_name", "visibility", "created_at", "pushed_at",
                  "updated_at", "disabled", "fork", "mirror_url", "html_url", "topics"]  # fmt: skip
        branch = get(f"/branches/{whole['default_branch']}")
        teams = {team["slug"]: team["permission"] for team in get("/teams")}
        listed = [get(f"/rulesets/{one['id']}") for one in get("/rulesets")]
        pulls = [get(f"/pulls/{one['number']}") for one in get("/pulls?state=all&direction=asc")]
        return {
            "repository": {key: whole[key] for key in wanted} | {"owner": whole["owner"]["login"]},
            "mirror": whole["mirror_url"] is not None,
            "administers": whole["permissions"]["admin"],
            "branch": branch and rest_branch(branch),
            "rollup": branch and rest_rollup(get, branch["commit"]["sha"]),
            "team": ROLES.get(teams.get("builders", "")),
            "environments": {one["name"]: (one["id"], one["node_id"], [
                (rule["id"], rule["type"]) for rule in one["protection_rules"]
            ]) for one in get("/environments")["environments"]},
            "rulesets": [rest_ruleset(one) for one in listed],
            "pulls": [rest_pull(one) for one in pulls],
        }  # fmt: skip


def rest_branch(branch: Document) -> Document:
    commit = branch["commit"]["commit"]
    return {
        "name": branch["name"], "sha": branch["commit"]["sha"], "message": commit["message"],
        "date": commit["committer"]["date"], "tree": commit["tree"]["sha"],
    }  # fmt: skip


def rest_rollup(get: Callable[[str], Any], sha: str) -> Document | None:
    runs = get(f"/commits/{sha}/check-runs")["check_runs"]
    statuses = get(f"/commits/{sha}/status")["statuses"]
    if not runs and not statuses:
        return None
    good = {"success", "neutral", "skipped"}
    words = {status["state"] for status in statuses}
    words |= {"success" if run["conclusion"] in good else "failure" for run in runs if run["status"] == "completed"}
    words |= {"pending" for run in runs if run["status"] != "completed"}
    return {
        "runs": sorted((run["name"], run["id"], run["status"], run["conclusion"]) for run in runs),
        "statuses": sorted((status["context"], status["state"]) for status in statuses),
        "state": next((word for word in ("failure", "error", "pending") if word in words), "success").upper(),
    }


def rest_ruleset(one: Document) -> Document:
    def parameters(rule: Document) -> Document:
        found = {camel(key): value for key, value in rule.get("parameters", {}).items()}
        return {key: value for key, value in found.items() if key not in {"allowedMergeMethods", "requiredReviewers"}}

    keys = ("id", "node_id", "name", "target", "enforcement", "created_at", "updated_at", "conditions")
    return {
        **{key: one[key] for key in keys},
        "rules": [(rule["type"], parameters(rule)) for rule in one["rules"]],
        "bypass_actors": [
            (actor["actor_type"], actor["actor_id"], actor["bypass_mode"]) for actor in one["bypass_actors"]
        ],
    }


def rest_pull(one: Document) -> Document:
    keys = ("id", "node_id", "number", "title", "state", "draft", "merged", "merged_at", "closed_at", "created_at")
    more = ("mergeable", "mergeable_state", "merge_commit_sha")
    return {
        **{key: one[key] for key in (*keys, *more)},
        "head": (one["head"]["ref"], one["head"]["sha"]),
        "base": (one["base"]["ref"], one["base"]["sha"]),
        "user": one["user"]["login"],
    }


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(state=states)
def test_both_apis_give_the_same_facts(acme: Acme, state: Document) -> None:
    one = make(acme, state)
    assert by_graphql(acme, one.name) == by_rest(acme, one.name)

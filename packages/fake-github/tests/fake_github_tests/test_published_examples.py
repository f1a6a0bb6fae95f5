"""The fake's answers, field by field beside the examples in GitHub's OpenAPI description.

https://docs.github.com/en/rest shows the same examples. Real answers have other fields in places: recorded ones are in
`test_published_answers.py`.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fake_github import published
from fake_github.routing import ROUTES
from fake_github.validation import Contract
from fake_github_tests.acme import SCOPES
from fake_github_tests.comparison import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_github_tests.acme import Acme

    Key = tuple[str, str, int]  # the method, the path and the status

# Fields of examples that the fake does not have, each with the reason; fields of the same name in any operation.
DIFFERENT = {
    "GET /meta: *": "GitHub's networks and keys",
    "GET /orgs/*: *": "settings that nothing here reads",
    "GET /rate_limit: *": "limits of operations that are not served",
    "GET /: *_url": "operations that are not served",
    "*: *temp_clone_token": "a token for downloads",
    "*: *template_repository": "repositories made from a template repository of GitHub",
    "*repo*: *network_count": "recorded answers do not have it in lists either",
    "*repo*: *subscribers_count": "recorded answers do not have it in lists either",
    "*pulls*: *.repo.*": "settings and permissions of the repositories in a pull request",
    "*comments*: *minimized": "hidden comments",
    "*comments*: *pin": "pinned comments",
    "*issues*: pinned_comment": "pinned comments",
    "*issues*: pull_request": "the example is a pull request",
    "*releases*: *discussion_url": "discussions",
    "*: *twitter_username": "profiles",
    "*memberships*: *enterprise_teams*": "teams of enterprises",
    "*files: *.patch": "the text of a difference",
    "*: *parameters": "the first rule of the example has parameters, ours has none",
    "GET /repos/{owner}/{repo}: parent": "the example is a fork",
    "GET /repos/{owner}/{repo}: source": "the example is a fork",
    "*branches*: *protection*": "ours is protected by a ruleset",
    "*sub: include_claim_keys": "the example has customised claims",
    "*permissions: selected_actions_url": "the example limits the actions",
    "*check-runs*: *app.permissions.*": "the app of the example has more permissions",
}


def examples() -> Iterator[tuple[Key, Any]]:
    """Yield each example of a response of a served operation."""
    whole = json.loads(published.fetch("api.github.com.json").read_bytes())
    shared = whole["components"]["examples"]
    for route in ROUTES:
        operation = whole["paths"].get(route.path, {}).get(route.method.lower(), {"responses": {}})
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    one = shared[example["$ref"].rpartition("/")[2]] if "$ref" in example else example
                    yield (route.method, route.path, int(status)), one["value"]


@pytest.fixture
def answers(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> dict[Key, Any]:
    """The fake's first answer of each operation and status."""
    if not published.available():
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    found: dict[Key, Any] = {}
    validate = Contract.response

    def record(self: Contract, method: str, path: str, status: int, body: object) -> list[str]:
        if body not in (None, [], {}):
            found.setdefault((method, path, status), body)
        return validate(self, method, path, status, body)

    monkeypatch.setattr(Contract, "response", record)
    read_everything(acme, use(acme))
    return found


def configure(acme: Acme) -> None:
    """Give the repository an environment, a variable, a team and a topic."""
    rest, at = acme.ada.rest, ("Acme", "rover")
    branches: Any = {"protected_branches": False, "custom_branch_policies": True}
    ada = rest.users.get_authenticated().parsed_data.id
    waits: Any = {"wait_timer": 30, "reviewers": [{"type": "User", "id": ada}], "deployment_branch_policy": branches}
    rest.repos.create_or_update_environment(*at, "publish", data=waits)
    rest.repos.create_deployment_branch_policy(*at, "publish", data={"name": "main"})
    rest.actions.create_repo_variable(*at, name="COLOUR", value="red")
    rest.teams.add_or_update_repo_permissions_in_org("Acme", "builders", *at, permission="push")
    rest.repos.replace_all_topics(*at, names=["rover"])


def use(acme: Acme) -> dict[str, str]:
    """Use most of what a repository has, and return the parameters by which it can be read."""
    rest, at = acme.ada.rest, ("Acme", "rover")
    configure(acme)
    acme.clone.branch("feature", "feat: drive", README="on")
    number = acme.open_pull("feature", "feat: drive")
    comment = rest.issues.create_comment(*at, number, body="Well").parsed_data
    rest.issues.update_comment(*at, comment.id, body="Well done")
    head = rest.pulls.get(*at, number).parsed_data.head.sha
    acme.pass_check(head)
    rest.repos.create_commit_status(*at, head, data={"state": "success", "context": "example"})
    (check,) = rest.checks.list_for_ref(*at, head).parsed_data.check_runs
    acme.merge(number, "squash")
    ruleset = acme.protect("all-green")
    tag = rest.git.create_tag(*at, tag="0.1.0", message="0.1.0", object_=head, type="commit").parsed_data
    release = rest.repos.create_release(*at, tag_name="0.1.0").parsed_data
    issue = rest.issues.create(*at, title="Found a bug").parsed_data
    rest.issues.update(*at, issue.number, state="closed")
    blob = rest.repos.get_content(*at, "README.txt").parsed_data
    return {
        **dict(zip(("owner", "repo"), at, strict=True)),
        "org": "Acme",
        "username": "ada",
        "team_slug": "builders",
        "branch": "main",
        "ref": "heads/main",
        "basehead": "main...feature",
        "path": "README.txt",
        "name": "COLOUR",
        "tag": "0.1.0",
        "environment_name": "publish",
        "commit_sha": head,
        "file_sha": str(blob.sha),  # pyrefly: ignore[missing-attribute]
        "tag_sha": tag.sha,
        "pull_number": str(number),
        "issue_number": str(number),
        "comment_id": str(comment.id),
        "check_run_id": str(check.id),
        "ruleset_id": str(ruleset),
        "release_id": str(release.id),
    }


def read_everything(acme: Acme, parameters: dict[str, str]) -> None:
    """Read by each operation whose parameters are known."""
    owner = acme.hub.add_user("ada", {*SCOPES, "admin:org"})
    with httpx.Client(headers={"Authorization": f"Bearer {owner}"}) as client:
        for route in ROUTES:
            named = {part.partition("}")[0] for part in route.path.split("{")[1:]}
            if route.method == "GET" and named <= set(parameters):
                client.get(acme.hub.api_url + route.path.format_map(parameters))


@pytest.mark.slow
def test_answers_have_the_fields_of_examples(answers: dict[Key, Any]) -> None:
    """An operation with several examples is compared with the one that it is most like."""
    nearest: dict[Key, list[tuple[str, str | None]]] = {}
    for key, example in examples():
        if key in answers:
            found = list(fields(example, answers[key]))
            if key not in nearest or faults(found) < faults(nearest[key]):
                nearest[key] = found
    compared = sum(map(len, nearest.values()))
    wrong = {f"{key[0]} {key[1]}: {path}" for key, found in nearest.items() for path, fault in found if fault}
    print(f"{compared} fields compared with {len(nearest)} examples; {len(wrong)} differ for a reason")
    unexplained = {one for one in wrong if not any(fnmatchcase(one, pattern) for pattern in DIFFERENT)}
    assert unexplained == set()
    assert [pattern for pattern in DIFFERENT if not any(fnmatchcase(one, pattern) for one in wrong)] == []
    assert compared > 2500
    assert len(nearest) > 65


def faults(found: list[tuple[str, str | None]]) -> int:
    """Return how many fields are wrong."""
    return sum(fault is not None for _, fault in found)

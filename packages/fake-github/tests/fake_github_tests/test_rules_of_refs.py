"""Rules on tags and branches with patterns, who can bypass them, and checks that only one app can satisfy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.pre_receive import matches
from fake_github_tests.acme import checks_rule, client, refused
from fake_github_tests.test_apps import sign

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme

ACTIONS = 15368
EXPECTED = 'Required status check "all-green" is expected.'


def protect_tags(acme: Acme, *kinds: str, **more: object) -> None:
    """Put rules on the tags of versions."""
    conditions = {"ref_name": {"include": ["refs/tags/[0-9]*", "refs/tags/v[0-9]*"], "exclude": []}}
    rules = [{"type": kind} for kind in kinds]
    ruleset: Any = {"name": "/".join(kinds), "target": "tag", "enforcement": "active", "conditions": conditions}
    ruleset |= {"rules": rules, **more}
    acme.ada.rest.repos.create_repo_ruleset("Acme", "rover", data=ruleset)


def add_app(acme: Acme) -> tuple[int, str]:
    """Install an app, and return its ID and a token of its installation."""
    identity, key = acme.hub.add_app("releaser", "Acme", {"contents": "write"})
    app = client(acme.hub, sign(key, iss=identity))
    installation = app.rest.apps.get_repo_installation("Acme", "rover").parsed_data
    made = app.rest.apps.create_installation_access_token(installation.id).parsed_data
    return installation.app_id, made.token


@pytest.mark.slow
def test_a_tag_is_created_by_one_app_alone_and_then_stays(acme: Acme) -> None:
    number, token = add_app(acme)
    actors = [{"actor_id": number, "actor_type": "Integration", "bypass_mode": "always"}]
    protect_tags(acme, "creation", bypass_actors=actors)
    protect_tags(acme, "update", "deletion")
    sha = acme.clone.commit("feat: drive")
    assert acme.clone.push("main").returncode == 0
    assert "creations being restricted" in acme.clone.push("main:refs/tags/0.1.0").stderr
    rest = acme.ada.rest
    status, message = refused(lambda: rest.git.create_ref("Acme", "rover", ref="refs/tags/0.1.0", sha=sha))
    assert (status, "creations being restricted" in message) == (422, True)
    assert (
        refused(lambda: rest.repos.create_release("Acme", "rover", tag_name="v1.0.0", target_commitish=sha))[0] == 422
    )
    assert acme.clone.push("main:refs/tags/paper").returncode == 0
    app = acme.clone.with_token(token)
    assert app.push("main:refs/tags/0.1.0").returncode == 0
    acme.clone.commit("feat: turn")
    for clone in (acme.clone, app):
        assert "Cannot update this protected ref" in clone.push("--force", "main:refs/tags/0.1.0").stderr
        assert "Cannot delete" in clone.push("--delete", "refs/tags/0.1.0").stderr


@pytest.mark.slow
def test_a_check_of_one_app_is_not_satisfied_by_anybody_else(acme: Acme) -> None:
    rule: Any = checks_rule("all-green")
    rule["parameters"]["required_status_checks"] = [{"context": "all-green", "integration_id": ACTIONS}]
    acme.ada.rest.repos.create_repo_ruleset(
        "Acme",
        "rover",
        data={
            "name": "main",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "rules": [rule],
        },
    )
    sha = acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    merge = partial(acme.ada.rest.pulls.merge, "Acme", "rover", number)
    acme.ada.rest.repos.create_commit_status("Acme", "rover", sha, state="success", context="all-green")
    assert EXPECTED in refused(merge)[1]
    acme.pass_check(sha)  # another app
    assert EXPECTED in refused(merge)[1]
    assert "is expected" in acme.clone.push("feature:main").stderr
    actions = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"checks": "write"}))
    run: Any = {"name": "all-green", "head_sha": sha, "status": "completed", "conclusion": "success"}
    made: Any = actions.rest.checks.create("Acme", "rover", data=run).json()
    assert made["app"]["id"] == ACTIONS
    merge()


@pytest.mark.slow
def test_a_check_run_and_a_status_of_one_name_are_both_required(acme: Acme) -> None:
    acme.protect("all-green")
    sha = acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    acme.ada.rest.repos.create_commit_status("Acme", "rover", sha, state="failure", context="all-green")
    acme.pass_check(sha)
    merge = partial(acme.ada.rest.pulls.merge, "Acme", "rover", number)
    assert EXPECTED in refused(merge)[1]
    acme.ada.rest.repos.create_commit_status("Acme", "rover", sha, state="success", context="all-green")
    acme.pass_check(sha, conclusion="failure")
    assert EXPECTED in refused(merge)[1]
    acme.pass_check(sha)
    merge()


@pytest.mark.parametrize("number", [ACTIONS, 999_999])
def test_an_app_that_is_not_installed_bypasses_nothing(acme: Acme, number: int) -> None:
    actors = [{"actor_id": number, "actor_type": "Integration", "bypass_mode": "always"}]
    refusal = refused(lambda: protect_tags(acme, "creation", bypass_actors=actors))
    assert refusal == (422, "Actor integration must be part of the ruleset source or owner organization")


@pytest.mark.parametrize(
    ("pattern", "ref", "expected"),
    [
        ("refs/tags/*", "refs/tags/1.0", True),
        ("refs/tags/*", "refs/tags/a/1.0", False),
        ("refs/tags/**/*", "refs/tags/a/b/1.0", True),
        ("refs/tags/**/*", "refs/tags/1.0", True),
        ("refs/tags/v[0-9]*", "refs/tags/v1.0", True),
        ("refs/tags/v[0-9]*", "refs/tags/vx", False),
        ("refs/tags/[!v]*", "refs/tags/v1", False),
        ("refs/heads/v?", "refs/heads/v1", True),
        ("refs/heads/v.", "refs/heads/v1", False),
    ],
)
def test_a_pattern(pattern: str, ref: str, expected: bool) -> None:
    assert matches(ref, [pattern], []) is expected

"""Settings that depend on the plan of the organisation, on each other, on what others changed, or on a lost answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once
from rnd import cli
from rnd.github.settings.diff import Change
from tests.helpers.settings import (
    Organisation,
    apply,
    disturb,
    drift,
    edit_ruleset,
    keys,
    parameters,
    with_settings,
)

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext
    from tests.helpers.github import Hosting


def test_internal_repositories_of_an_enterprise(context: RepositoryContext, hosting: Hosting) -> None:
    hosting.hub.state.organisation(hosting.owner).plan = "enterprise"  # pyrefly: ignore[missing-attribute]
    context = with_settings(context, visibility="internal")
    assert "actions.shared_with" in keys(context)
    assert Change("visibility", "internal", "private") in drift(context)
    apply(context)
    assert hosting.repository().settings["visibility"] == "internal"
    assert drift(context) == []
    disturb(context, "visibility")
    assert Change("visibility", "internal", "public") in drift(context)
    apply(context)
    assert drift(context) == []


def test_a_change_is_applied_when_the_response_is_lost(context: RepositoryContext, hosting: Hosting) -> None:
    """GitHub rejects a visibility that is already set."""
    apply(context)
    disturb(context, "visibility")
    path = f"/api/v3/repos/{context.repository}"
    hosting.hub.faults.append(once("PATCH", path, DROP, phase="after"))
    apply(context)
    assert [method for method, called, _ in hosting.hub.calls if called == path].count("PATCH") > 1
    assert drift(context) == []


def test_a_method_that_is_not_allowed_has_no_title(context: RepositoryContext, hosting: Hosting) -> None:
    """GitHub accepts titles and messages only for merge methods that are allowed."""
    merging = context.config.repository.merging.model_copy(update={"methods": ["squash"], "merge_title": "PR_TITLE"})
    context = with_settings(context, merging=merging)
    assert not {"merging.merge_title", "merging.merge_message"} & set(keys(context))
    apply(context)
    assert hosting.repository().settings["allow_merge_commit"] is False
    assert drift(context) == []


def test_what_others_added_stays(context: RepositoryContext, hosting: Hosting) -> None:
    """Topics, teams and stricter reviews that a team has added stay."""
    apply(context)
    one = hosting.hub.state.organisation(hosting.owner)
    assert one is not None
    one.teams["guests"] = hosting.hub.add_organisation("x", teams={"guests": []}).teams["guests"]
    disturb(context, "teams.guests")
    context.client.send(
        lambda kit: kit.rest.repos.replace_all_topics(
            *context.repository, names=["own", *hosting.policy.repository.topics]
        )
    )
    edit_ruleset(context.client, context.repository, parameters("pull_request", require_code_owner_review=True))
    assert drift(context) == []
    disturb(context, "main.approvals")
    apply(context)
    ruleset = next(one for one in hosting.repository().rulesets.values() if one["name"] == "main")
    rule = next(rule for rule in ruleset["rules"] if rule["type"] == "pull_request")
    assert rule["parameters"]["require_code_owner_review"] is True
    assert "own" in hosting.repository().topics
    assert one.teams["guests"].repositories[str(context.repository)] == "pull"


def test_protection_that_others_added_to_the_environment_stays(context: RepositoryContext, hosting: Hosting) -> None:
    """Reviewers and the wait timer stay when the branches of the environment are corrected."""
    apply(context)
    path, state = (*context.repository, "publish"), hosting.hub.state
    team = next(iter(state.organisation(hosting.owner).teams.values()))  # pyrefly: ignore[missing-attribute]
    user = next(iter(state.accounts.values()))
    reviewers = [{"type": "User", "id": user.id}, {"type": "Team", "id": team.id}]
    body: Any = {"wait_timer": 30, "reviewers": reviewers, "prevent_self_review": True}
    context.client.send(
        lambda kit: kit.rest.repos.create_or_update_environment(*path, data=body | {"deployment_branch_policy": None})
    )
    before = _protection(context)
    assert drift(context) == [Change("environment.branches", ("main",), None)]
    apply(context)
    assert drift(context) == []
    assert _protection(context) == before
    assert [one["type"] for one in before] == ["wait_timer", "required_reviewers"]


def _protection(context: RepositoryContext) -> list[dict[str, Any]]:
    found: Any = context.client.read(lambda kit: kit.rest.repos.get_environment(*context.repository, "publish"))
    return [rule for rule in found["protection_rules"] if rule["type"] != "branch_policy"]


def test_a_bypass_team_that_does_not_exist(
    context: RepositoryContext, hosting: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    main = context.config.repository.main.model_copy(update={"bypass": ["nobody"]})
    with pytest.MonkeyPatch.context() as patch:
        elsewhere = with_settings(context, main=main)
        patch.setattr("rnd.organisation.load_organisation", lambda: Organisation(elsewhere))
        assert cli.main(["github", "apply", "--repository", str(context.repository)]) == 1
    assert "error[team-missing]: github.repository.main.bypass names nobody" in capsys.readouterr().err
    assert [one["name"] for one in hosting.repository().rulesets.values()] == ["release-tags"]


def test_a_free_plan(
    context: RepositoryContext, hosting: Hosting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hosting.hub.state.organisation(hosting.owner).plan = "free"  # pyrefly: ignore[missing-attribute]
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: Organisation(context))
    assert cli.main(["github", "apply", "--repository", str(context.repository)]) == 1
    said = capsys.readouterr().err
    assert "error[github-plan-lacks]" in said
    assert "Upgrade to GitHub Pro or make this repository public" in said

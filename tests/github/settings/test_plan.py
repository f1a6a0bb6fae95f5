"""Every setting of a repository: a change made by hand is found, printed and reverted; then nothing is left to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once
from rnd import cli
from rnd.github.settings.diff import Change
from rnd.github.settings.plan import all_settings
from rnd.github.settings.setting import RepositoryContext
from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rnd.github.client import Client
    from rnd.github.repository import Repository
    from tests.helpers.github import Hosting

REPOSITORY = {
    "visibility": ("visibility", "public"),
    "features.issues": ("has_issues", False),
    "features.projects": ("has_projects", True),
    "features.wiki": ("has_wiki", True),
    "merging.methods": ("allow_rebase_merge", False),
    "merging.squash_title": ("squash_merge_commit_title", "COMMIT_OR_PR_TITLE"),
    "merging.squash_message": ("squash_merge_commit_message", "BLANK"),
    "merging.merge_title": ("merge_commit_title", "PR_TITLE"),
    "merging.merge_message": ("merge_commit_message", "BLANK"),
    "merging.automatic": ("allow_auto_merge", False),
    "merging.update_branch": ("allow_update_branch", False),
    "merging.delete_branch": ("delete_branch_on_merge", False),
    "default_branch": ("default_branch", "elsewhere"),
}
# GitHub accepts titles and messages of merge commits only in pairs.
BESIDE = {
    "merge_commit_title": {"merge_commit_message": "PR_BODY"},
    "merge_commit_message": {"merge_commit_title": "PR_TITLE"},
}


def without(*kinds: str) -> Callable[[dict[str, Any]], None]:
    """Return an edit of a ruleset that takes some rules out."""

    def edit(ruleset: dict[str, Any]) -> None:
        ruleset["rules"] = [rule for rule in ruleset["rules"] if rule["type"] not in kinds]

    return edit


def parameters(kind: str, **changed: object) -> Callable[[dict[str, Any]], None]:
    """Return an edit of a ruleset that changes the parameters of a rule."""

    def edit(ruleset: dict[str, Any]) -> None:
        next(rule for rule in ruleset["rules"] if rule["type"] == kind)["parameters"].update(changed)

    return edit


RULESET: dict[str, Callable[[dict[str, Any]], object]] = {
    "main.enforced": lambda ruleset: ruleset.update(enforcement="disabled"),
    "main.branches": lambda ruleset: ruleset["conditions"]["ref_name"]["exclude"].append("refs/heads/main"),
    "main.deletion": without("deletion"),
    "main.forced_push": without("non_fast_forward"),
    "main.pull_request": without("pull_request"),
    "main.required_check": parameters("required_status_checks", required_status_checks=[{"context": "lint"}]),
    "main.up_to_date": parameters("required_status_checks", strict_required_status_checks_policy=False),
    "main.approvals": parameters("pull_request", required_approving_review_count=3),
    "main.resolve_conversations": parameters("pull_request", required_review_thread_resolution=True),
    "main.bypass": lambda ruleset: ruleset["bypass_actors"].append(
        {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"}
    ),
    "main.other_rules": lambda ruleset: ruleset["rules"].append({"type": "required_linear_history"}),
}


@pytest.fixture
def context(hosting: Hosting, tmp_path: Path) -> Iterator[RepositoryContext]:
    """A repository with content and GitHub's default settings."""
    folder = tmp_path / "demo"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: all")
    git(folder, "branch", "elsewhere")
    with hosting.client as client:
        yield RepositoryContext(client, hosting.publish(folder), hosting.policy)


def apply(context: RepositoryContext) -> list[str]:
    """Apply every setting that differs, and return the keys."""
    return [setting.key for setting in all_settings(context) if setting.changes() and (setting.apply(), 1)]


def drift(context: RepositoryContext) -> list[Change]:
    """Return every difference."""
    return [change for setting in all_settings(context) for change in setting.changes()]


def keys(context: RepositoryContext) -> list[str]:
    """Return every setting."""
    return [key for setting in all_settings(context) for key in setting.wanted]


def disturb(context: RepositoryContext, key: str) -> None:
    """Change one setting by hand."""
    owner, name = context.repository
    client = context.client
    if key in REPOSITORY:
        field, value = REPOSITORY[key]
        body: Any = {field: value, **BESIDE.get(field, {})}
        client.send(lambda kit: kit.rest.repos.update(owner, name, data=body))
    elif key in RULESET:
        edit_ruleset(client, context.repository, RULESET[key])
    elif key == "topics":
        client.send(lambda kit: kit.rest.repos.replace_all_topics(owner, name, names=["own"]))
    elif key.startswith("teams."):
        team = key.partition(".")[2]
        client.send(
            lambda kit: kit.rest.teams.add_or_update_repo_permissions_in_org(
                owner, team, owner, name, permission="pull"
            )
        )
    elif key.startswith("actions."):
        disturb_actions(client, context.repository, key)
    else:
        disturb_environment(client, context, key)


def edit_ruleset(client: Client, repository: Repository, edit: Callable[[dict[str, Any]], object]) -> None:
    (listed,) = client.read(lambda kit: kit.rest.repos.get_repo_rulesets(*repository))
    found: Any = client.read(lambda kit: kit.rest.repos.get_repo_ruleset(*repository, listed["id"]))
    ruleset: Any = {
        field: found[field] for field in ("name", "target", "enforcement", "bypass_actors", "conditions", "rules")
    }
    edit(ruleset)
    client.send(lambda kit: kit.rest.repos.update_repo_ruleset(*repository, found["id"], data=ruleset))


def disturb_actions(client: Client, repository: Repository, key: str) -> None:
    if key == "actions.shared_with":
        client.send(
            lambda kit: kit.rest.actions.set_workflow_access_to_repository(*repository, access_level="organization")
        )
        return
    changed: Any = {
        "actions.token": {"default_workflow_permissions": "write"},
        "actions.approve_pull_requests": {"can_approve_pull_request_reviews": True},
    }[key]
    client.send(
        lambda kit: kit.rest.actions.set_github_actions_default_workflow_permissions_repository(
            *repository, data=changed
        )
    )


def disturb_environment(client: Client, context: RepositoryContext, key: str) -> None:
    where = (*context.repository, context.config.repository.environment.name)
    if key == "environment.name":
        client.send(lambda kit: kit.rest.repos.delete_an_environment(*where))
        return
    client.send(lambda kit: kit.rest.repos.create_deployment_branch_policy(*where, data={"name": "release/*"}))
    first = client.read(lambda kit: kit.rest.repos.list_deployment_branch_policies(*where))["branch_policies"][0]
    client.send(lambda kit: kit.rest.repos.delete_deployment_branch_policy(*where, first["id"]))


def test_a_new_repository_is_set_up_and_then_left_alone(context: RepositoryContext, hosting: Hosting) -> None:
    assert apply(context)
    assert drift(context) == []
    hosting.hub.calls.clear()
    assert apply(context) == []
    assert {method for method, _, _ in hosting.hub.calls} == {"GET"}


def test_the_settings_of_another_organisation(context: RepositoryContext, hosting: Hosting) -> None:
    """A made-up organisation has another value for every setting."""
    other = load_organisation(ACME).github
    hosting.hub.state.organisation(hosting.owner).teams |= hosting.hub.add_organisation(  # type: ignore[union-attr]
        "acme-robotics", teams={team: [] for team in other.teams}
    ).teams
    assert apply(context)
    elsewhere = RepositoryContext(context.client, context.repository, other.model_copy(update={"owner": hosting.owner}))
    changed = {change.key for change in drift(elsewhere)}
    fixed = {"main.enforced", "main.branches", "main.deletion", "main.forced_push", "main.pull_request"}
    assert set(keys(elsewhere)) - changed <= fixed | {"main.other_rules", "default_branch", "merging.squash_message"}
    apply(elsewhere)
    assert drift(elsewhere) == []


ALL = (
    *REPOSITORY,
    *RULESET,
    "topics",
    *(f"teams.{team}" for team in load_organisation().github.teams),
    "actions.token",
    "actions.approve_pull_requests",
    "actions.shared_with",
    "environment.name",
    "environment.branches",
)


def test_every_setting_is_covered(context: RepositoryContext) -> None:
    assert set(keys(context)) == set(ALL)


@pytest.mark.parametrize("key", ALL)
def test_a_change_made_by_hand_is_found_and_reverted(
    context: RepositoryContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: _Organisation(context))
    named = ["--repository", str(context.repository)]
    apply(context)
    capsys.readouterr()
    assert cli.main(["github", "check", *named]) == 0
    assert capsys.readouterr().out == f"{context.repository} matches org.yml.\n"

    disturb(context, key)
    assert cli.main(["github", "check", *named]) == 3
    assert key in capsys.readouterr().out
    assert cli.main(["github", "check", "--json", *named]) == 3
    assert key in [change["key"] for change in json.loads(capsys.readouterr().out)["drift"]]
    assert cli.main(["github", "apply", "--plan", *named]) == 0
    assert key in capsys.readouterr().out
    assert key in [change.key for change in drift(context)], "a plan changes nothing"

    assert cli.main(["github", "apply", *named]) == 0
    assert cli.main(["github", "check", *named]) == 0
    capsys.readouterr()
    assert cli.main(["github", "apply", "--json", *named]) == 0
    assert {step["result"] for step in json.loads(capsys.readouterr().out)["steps"]} == {"done"}


class _Organisation:
    def __init__(self, context: RepositoryContext) -> None:
        self.github = context.config


def with_settings(context: RepositoryContext, **changed: object) -> RepositoryContext:
    """Return the same repository with other settings in org.yml."""
    repository = context.config.repository.model_copy(update=changed)
    return RepositoryContext(
        context.client, context.repository, context.config.model_copy(update={"repository": repository})
    )


def test_internal_repositories_of_an_enterprise(context: RepositoryContext, hosting: Hosting) -> None:
    hosting.hub.state.organisation(hosting.owner).plan = "enterprise"  # type: ignore[union-attr]
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
    (ruleset,) = hosting.repository().rulesets.values()
    rule = next(rule for rule in ruleset["rules"] if rule["type"] == "pull_request")
    assert rule["parameters"]["require_code_owner_review"] is True
    assert "own" in hosting.repository().topics
    assert one.teams["guests"].repositories[str(context.repository)] == "pull"


def test_a_bypass_team_that_does_not_exist(
    context: RepositoryContext, hosting: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    main = context.config.repository.main.model_copy(update={"bypass": ["nobody"]})
    with pytest.MonkeyPatch.context() as patch:
        elsewhere = with_settings(context, main=main)
        patch.setattr("rnd.organisation.load_organisation", lambda: _Organisation(elsewhere))
        assert cli.main(["github", "apply", "--repository", str(context.repository)]) == 1
    assert "error[team-missing]: github.repository.main.bypass names nobody" in capsys.readouterr().err
    assert hosting.repository().rulesets == {}


def test_a_free_plan(
    context: RepositoryContext, hosting: Hosting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hosting.hub.state.organisation(hosting.owner).plan = "free"  # type: ignore[union-attr]
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: _Organisation(context))
    assert cli.main(["github", "apply", "--repository", str(context.repository)]) == 1
    said = capsys.readouterr().err
    assert "error[github-plan-lacks]" in said
    assert "Upgrade to GitHub Pro or make this repository public" in said

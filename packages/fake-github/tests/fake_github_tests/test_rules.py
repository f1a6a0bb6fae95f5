"""Rulesets and branch protection: kept by the API, and enforced where a push arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.server import ACTIONS
from fake_github_tests.acme import client, git, refused

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme


def test_a_protected_branch_takes_no_push(acme: Acme) -> None:
    acme.protect()
    acme.clone.commit("feat: drive")
    pushed = acme.clone.push("main")
    assert pushed.returncode == 1
    assert "GH013: Repository rule violations found for refs/heads/main." in pushed.stderr
    assert "- Changes must be made through a pull request." in pushed.stderr
    assert acme.clone.push("main:feature").returncode == 0  # other branches do


def test_a_protected_branch_is_neither_rewritten_nor_removed(acme: Acme) -> None:
    rules: Any = [{"type": "deletion"}, {"type": "non_fast_forward"}]
    acme.protect(rules=rules, conditions={"ref_name": {"include": ["refs/heads/release/*"], "exclude": []}})
    sha = acme.clone.commit("feat: drive")
    assert acme.clone.push("main:release/1").returncode == 0
    git(acme.clone.folder, "reset", "--quiet", "--hard", "HEAD~1")
    assert "Cannot force-push to this branch" in acme.clone.push("--force", "main:release/1").stderr
    assert "Cannot delete this branch" in acme.clone.push("--delete", "release/1").stderr
    assert acme.ada.rest.repos.get_branch("Acme", "rover", "release/1").parsed_data.commit.sha == sha


def test_the_api_is_held_by_the_same_rules_as_a_push(acme: Acme) -> None:
    acme.protect()
    sha = acme.clone.branch("feature", "feat: drive")
    status, message = refused(lambda: acme.ada.rest.git.update_ref("Acme", "rover", "heads/main", sha=sha))
    assert status == 422
    assert "Changes must be made through a pull request." in message


def test_who_bypasses_a_ruleset_is_not_held(acme: Acme) -> None:
    team = acme.ada.rest.teams.get_by_name("Acme", "builders").parsed_data
    acme.ada.rest.teams.add_or_update_repo_permissions_in_org("Acme", "builders", "Acme", "rover", permission="push")
    actors: Any = [{"actor_id": team.id, "actor_type": "Team", "bypass_mode": "always"}]
    acme.protect(bypass_actors=actors)
    acme.clone.commit("feat: drive")
    assert acme.clone.push("main").returncode == 1  # an owner, but not of that team
    bob = acme.clone.with_token(acme.hub.add_user("bob"))
    assert bob.push("main").returncode == 0


def test_a_ruleset_is_listed_read_changed_and_removed(acme: Acme) -> None:
    number = acme.protect("all-green")
    rulesets = acme.ada.rest.repos
    assert [one.id for one in rulesets.get_repo_rulesets("Acme", "rover").parsed_data] == [number]
    assert refused(acme.protect) == (422, "Name must be unique")
    kinds = [rule["type"] for rule in rulesets.get_branch_rules("Acme", "rover", "main").json()]
    assert kinds == ["deletion", "non_fast_forward", "pull_request", "required_status_checks"]
    rulesets.update_repo_ruleset("Acme", "rover", number, enforcement="disabled")
    assert rulesets.get_branch_rules("Acme", "rover", "main").json() == []
    found = rulesets.get_repo_ruleset("Acme", "rover", number).parsed_data
    assert (found.name, found.enforcement, len(found.rules or [])) == ("main", "disabled", 4)  # the rest stays
    rulesets.delete_repo_ruleset("Acme", "rover", number)
    assert refused(lambda: rulesets.get_repo_ruleset("Acme", "rover", number))[0] == 404


def test_a_free_plan_has_no_rules_for_private_repositories(acme: Acme) -> None:
    organisation = acme.hub.state.organisation("Acme")
    assert organisation is not None
    organisation.plan = "free"
    upgrade = (403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")
    assert refused(acme.protect) == upgrade
    assert refused(lambda: acme.ada.rest.repos.get_repo_rulesets("Acme", "rover")) == upgrade
    acme.ada.rest.repos.update("Acme", "rover", private=False)
    acme.protect()


def test_classic_protection_counts_too(acme: Acme) -> None:
    assert refused(lambda: acme.ada.rest.repos.get_branch_protection("Acme", "rover", "main")) == (
        404,
        "Branch not protected",
    )
    acme.ada.rest.repos.update_branch_protection(
        "Acme",
        "rover",
        "main",
        required_status_checks={"strict": True, "contexts": ["all-green"]},
        enforce_admins=True,
        required_pull_request_reviews=None,
        restrictions=None,
    )
    acme.clone.commit("feat: drive")
    assert 'Required status check "all-green" is expected.' in acme.clone.push("main").stderr
    assert acme.ada.rest.repos.get_branch_protection("Acme", "rover", "main").parsed_data.enforce_admins


def test_a_workflow_is_pushed_only_with_the_right_to(acme: Acme) -> None:
    workflows = acme.clone.folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "on_pr.yml").write_text("on: pull_request\n", encoding="utf-8")
    acme.clone.commit("ci: check pull requests")
    weak = acme.clone.with_token(acme.hub.add_user("ada", scopes={"repo"}))
    refusal = weak.push("main").stderr
    assert "refusing to allow an OAuth App to create or update workflow `.github/workflows/on_pr.yml`" in refusal
    app = acme.clone.with_token(acme.hub.app_token("Acme/rover", {"contents": "write"}))
    assert "without `workflows` permission" in app.push("main").stderr
    assert acme.clone.push("main").returncode == 0
    acme.clone.commit("docs: say what it does")
    assert weak.push("main").returncode == 0  # it touches no workflow


def test_a_check_of_one_app_is_not_reported_by_another(acme: Acme) -> None:
    """A required check with `integration_id` is satisfied by that app only, on a push and on a merge."""
    checks = [{"context": "all-green", "integration_id": ACTIONS}]
    parameters = {"required_status_checks": checks, "strict_required_status_checks_policy": False}
    acme.protect(rules=[{"type": "required_status_checks", "parameters": parameters}])
    sha = acme.clone.branch("feature", "feat: drive")
    number = acme.ada.rest.pulls.create("Acme", "rover", title="feat: drive", head="feature", base="main").parsed_data
    acme.ada.rest.repos.create_commit_status("Acme", "rover", sha, state="success", context="all-green")
    missing = 'Required status check "all-green" is expected.'
    assert missing in refused(lambda: acme.ada.rest.pulls.merge("Acme", "rover", number.number))[1]
    assert missing in acme.clone.push("feature:main").stderr
    job = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"checks": "write"}))
    job.rest.checks.create("Acme", "rover", data={"name": "all-green", "head_sha": sha, "conclusion": "success"})
    assert acme.ada.rest.pulls.merge("Acme", "rover", number.number).parsed_data.merged


def test_only_administrators_register_runners(acme: Acme) -> None:
    assert acme.ada.rest.actions.create_registration_token_for_repo("Acme", "rover").parsed_data.token
    bob = client(acme.hub, acme.hub.add_user("bob", {"repo", "admin:org"}))
    repository = acme.hub.state.repository("Acme/rover")
    assert repository is not None
    repository.collaborators["bob"] = "push"
    assert refused(lambda: bob.rest.actions.create_registration_token_for_repo("Acme", "rover"))[0] == 403
    assert refused(lambda: bob.rest.actions.create_registration_token_for_org("Acme"))[0] == 403

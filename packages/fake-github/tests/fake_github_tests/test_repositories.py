"""Repositories, teams and settings, asked for and changed by GitHub's generated client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from fake_github_tests.acme import client, refused

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github_tests.acme import Acme


def test_a_new_repository_is_found_by_whoever_may_see_it(acme: Acme) -> None:
    found = acme.ada.rest.repos.get("acme", "ROVER").parsed_data  # whose case does not matter
    assert (found.full_name, found.private, found.default_branch) == ("Acme/rover", True, "main")
    stranger = client(acme.hub, acme.hub.add_user("eve"))
    assert refused(lambda: stranger.rest.repos.get("Acme", "rover")) == (404, "Not Found")
    nobody, wrong = client(acme.hub, None), client(acme.hub, "ghp_wrong")
    assert refused(lambda: nobody.rest.repos.get("Acme", "rover")) == (404, "Not Found")
    assert refused(wrong.rest.users.get_authenticated) == (401, "Bad credentials")


def test_a_name_is_taken_once(acme: Acme) -> None:
    taken = refused(lambda: acme.ada.rest.repos.create_in_org("Acme", name="Rover"))
    assert taken == (422, "name already exists on this account")


def test_who_may_create(acme: Acme) -> None:
    organisation = acme.hub.state.organisation("acme")
    assert organisation is not None
    organisation.members_create = False
    status, message = refused(lambda: acme.bob.rest.repos.create_in_org("Acme", name="probe"))
    assert (status, message) == (403, "You need admin access to the organization before adding a repository to it.")
    outsider = client(acme.hub, acme.hub.add_user("eve"))
    assert refused(lambda: outsider.rest.repos.create_in_org("Acme", name="probe")) == (404, "Not Found")


def test_a_new_repository_can_answer_404_for_a_while(acme: Acme) -> None:
    acme.hub.read_delay = 2
    acme.ada.rest.repos.create_in_org("Acme", name="late", private=True)
    for _ in range(2):
        assert refused(lambda: acme.ada.rest.repos.get("Acme", "late")) == (404, "Not Found")
    assert acme.ada.rest.repos.get("Acme", "late").parsed_data.name == "late"


def test_settings_stay_as_they_are_set(acme: Acme) -> None:
    acme.ada.rest.repos.update(
        "Acme",
        "rover",
        description="It drives.",
        has_wiki=False,
        allow_merge_commit=False,
        delete_branch_on_merge=True,
        squash_merge_commit_title="PR_TITLE",
        squash_merge_commit_message="COMMIT_MESSAGES",
    )
    found = acme.ada.rest.repos.get("Acme", "rover").parsed_data
    assert (found.description, found.has_wiki, found.allow_merge_commit) == ("It drives.", False, False)
    assert (found.squash_merge_commit_title, found.delete_branch_on_merge) == ("PR_TITLE", True)
    assert "allow_merge_commit" not in acme.bob.rest.repos.get("Acme", "rover").json()  # for administrators alone
    last = refused(
        lambda: acme.ada.rest.repos.update("Acme", "rover", allow_squash_merge=False, allow_rebase_merge=False)
    )
    assert last == (422, "at least one merge method must be enabled")
    assert refused(lambda: acme.bob.rest.repos.update("Acme", "rover", has_issues=False))[0] == 403


def test_visibility(acme: Acme) -> None:
    """Internal is for enterprises alone, and what is so already is refused."""
    update = acme.ada.rest.repos.update
    assert refused(lambda: update("Acme", "rover", visibility="private")) == (422, "Visibility is already private.")
    update("Acme", "rover", private=True)  # the older name is taken twice
    update("Acme", "rover", visibility="public")
    assert acme.ada.rest.repos.get("Acme", "rover").parsed_data.private is False
    acme.hub.state.organisation("Acme").plan = "enterprise"  # pyrefly: ignore[missing-attribute]
    internal = {"visibility": "internal"}  # which the generated client, not being an enterprise's, does not know
    acme.ada.request("PATCH", "/repos/Acme/rover", json=internal)
    found = acme.bob.rest.repos.get("Acme", "rover").parsed_data
    assert (found.private, found.visibility) == (True, "internal")
    acme.ada.request("POST", "/orgs/Acme/repos", json={"name": "lander", **internal})
    assert acme.ada.rest.repos.get("Acme", "lander").parsed_data.visibility == "internal"
    acme.hub.state.organisation("Acme").plan = "team"  # pyrefly: ignore[missing-attribute]
    update("Acme", "lander", private=False)
    assert acme.hub.violations == []
    words = "Only organizations associated with an enterprise can set visibility to internal"
    assert refused(lambda: acme.ada.request("PATCH", "/repos/Acme/lander", json=internal)) == (422, words)
    assert "'internal' is not one of ['public', 'private']" in acme.hub.violations.pop()


def test_a_renamed_repository_is_found_by_both_names(acme: Acme) -> None:
    acme.ada.rest.teams.add_or_update_repo_permissions_in_org("Acme", "builders", "Acme", "rover", permission="push")
    number = acme.ada.rest.repos.update("Acme", "rover", name="explorer").parsed_data.id
    sign_in = {"Authorization": f"Bearer {acme.token}"}
    moved = httpx.get(f"{acme.hub.api_url}/repos/Acme/rover/teams?per_page=1", headers=sign_in)
    assert (moved.status_code, moved.json()["message"]) == (301, "Moved Permanently")
    assert moved.headers["Location"] == f"{acme.hub.api_url}/repositories/{number}/teams?per_page=1"
    for name in ("rover", "explorer"):  # the generated client follows
        found = acme.ada.rest.repos.get("Acme", name).parsed_data
        assert (found.id, found.full_name) == (number, "Acme/explorer")
        assert [team.slug for team in acme.ada.rest.repos.list_teams("Acme", name).parsed_data] == ["builders"]
    changed = httpx.patch(f"{acme.hub.api_url}/repos/Acme/rover", headers=sign_in, json={"has_wiki": False})
    assert changed.status_code == 307  # which keeps the method and the body
    acme.ada.rest.repos.update("Acme", "rover", has_wiki=False)
    assert acme.ada.rest.repos.get("Acme", "explorer").parsed_data.has_wiki is False
    acme.clone.commit("feat: drive")
    assert acme.clone.push("main").returncode == 0  # to the former address
    stranger = client(acme.hub, acme.hub.add_user("eve"))
    assert refused(lambda: stranger.rest.repos.get("Acme", "rover")) == (404, "Not Found")
    acme.ada.rest.repos.create_in_org("Acme", name="rover")  # the former name is free
    assert acme.ada.rest.repos.get("Acme", "rover").parsed_data.id != number


def test_a_name_is_given_once(acme: Acme) -> None:
    acme.ada.rest.repos.create_in_org("Acme", name="probe")
    said = refused(lambda: acme.ada.rest.repos.update("Acme", "rover", name="Probe"))
    assert said == (422, "name already exists on this account")
    acme.ada.rest.repos.update("Acme", "rover", name="Rover")  # a change of case
    assert acme.ada.rest.repos.get("Acme", "rover").parsed_data.name == "Rover"


def test_a_message_needs_its_method(acme: Acme) -> None:
    said: Any = {"allow_squash_merge": False, "squash_merge_commit_title": "PR_TITLE"}
    status, words = refused(lambda: acme.ada.rest.repos.update("Acme", "rover", data=said))
    assert (status, words[:53]) == (422, "Sorry, you need to allow the squash merge strategy in")


def test_topics_are_replaced(acme: Acme) -> None:
    acme.ada.rest.repos.replace_all_topics("Acme", "rover", names=["robots", "mars"])
    assert acme.ada.rest.repos.get_all_topics("Acme", "rover").parsed_data.names == ["robots", "mars"]
    wrong = refused(lambda: acme.ada.rest.repos.replace_all_topics("Acme", "rover", names=["Mars!"]))
    assert wrong == (422, "Validation Failed")


def test_a_team_gets_its_permission(acme: Acme) -> None:
    place = ("Acme", "builders", "Acme", "rover")
    assert refused(lambda: acme.ada.rest.teams.check_permissions_for_repo_in_org(*place))[0] == 404
    acme.ada.rest.teams.add_or_update_repo_permissions_in_org(*place, permission="maintain")
    listed = acme.ada.rest.repos.list_teams("Acme", "rover").parsed_data
    assert [(team.slug, team.permission) for team in listed] == [("builders", "maintain")]
    whole = {"Accept": "application/vnd.github.v3.repository+json"}
    found = acme.ada.rest.teams.check_permissions_for_repo_in_org(*place, headers=whole).parsed_data
    assert found.role_name == "maintain"
    role = acme.ada.rest.repos.get_collaborator_permission_level("Acme", "rover", "bob").parsed_data
    assert role.role_name == "maintain"
    missing = ("Acme", "nobody", "Acme", "rover")
    assert refused(lambda: acme.ada.rest.teams.add_or_update_repo_permissions_in_org(*missing))[0] == 404


def test_what_a_token_may_not_do_it_is_told(acme: Acme) -> None:
    weak = client(acme.hub, acme.hub.add_user("ada", scopes={"public_repo"}))
    assert weak.rest.users.get_authenticated().headers["X-OAuth-Scopes"] == "public_repo"
    assert refused(lambda: weak.rest.repos.get("Acme", "rover")) == (404, "Not Found")
    assert refused(lambda: weak.rest.orgs.get_membership_for_authenticated_user("Acme"))[0] == 404


def test_single_sign_on_asks_for_the_token_to_be_authorized(acme: Acme) -> None:
    organisation = acme.hub.state.organisation("Acme")
    assert organisation is not None
    organisation.single_sign_on = set()
    status, message = refused(lambda: acme.ada.rest.orgs.get("Acme"))
    assert status == 403
    assert "SAML enforcement" in message
    organisation.single_sign_on.add(acme.token)
    assert acme.ada.rest.orgs.get("Acme").parsed_data.login == "Acme"


def test_the_plan_is_shown_to_owners_with_the_scope_for_it(acme: Acme) -> None:
    for login, scopes, shown in (
        ("ada", {"admin:org"}, "team"),
        ("ada", {"read:org"}, None),
        ("bob", {"admin:org"}, None),
    ):
        one = client(acme.hub, acme.hub.add_user(login, scopes=scopes))
        document = one.rest.orgs.get("Acme").json()
        assert document.get("plan", {}).get("name") == shown
        assert ("members_can_create_repositories" in document) == (shown is not None)


def test_actions_environments_and_variables(acme: Acme) -> None:
    ada = acme.ada.rest.actions
    ada.set_github_actions_permissions_repository("Acme", "rover", enabled=True, allowed_actions="selected")
    ada.set_allowed_actions_repository("Acme", "rover", github_owned_allowed=True, patterns_allowed=["Acme/*"])
    assert ada.get_allowed_actions_repository("Acme", "rover").parsed_data.patterns_allowed == ["Acme/*"]
    ada.set_workflow_access_to_repository("Acme", "rover", access_level="organization")
    assert ada.get_workflow_access_to_repository("Acme", "rover").parsed_data.access_level == "organization"
    ada.create_repo_variable("Acme", "rover", name="role_arn", value="one")
    ada.update_repo_variable("Acme", "rover", "ROLE_ARN", value="two")
    assert ada.get_repo_variable("Acme", "rover", "role_arn").parsed_data.value == "two"
    policy: Any = {"protected_branches": False, "custom_branch_policies": True}
    acme.ada.rest.repos.create_or_update_environment("Acme", "rover", "publish", deployment_branch_policy=policy)
    acme.ada.rest.repos.create_deployment_branch_policy("Acme", "rover", "publish", name="main")
    found = acme.ada.rest.repos.list_deployment_branch_policies("Acme", "rover", "publish").parsed_data
    assert [one.name for one in found.branch_policies] == ["main"]


def test_lists_come_in_pages(acme: Acme) -> None:
    for number in range(5):
        acme.ada.rest.repos.create_in_org("Acme", name=f"probe-{number}")
    found = [one.name for one in acme.ada.rest.paginate(acme.ada.rest.repos.list_for_org, None, org="Acme", per_page=2)]
    assert len(found) == 6


def test_a_fork_is_its_owners(acme: Acme, hub: FakeGitHub) -> None:
    acme.ada.rest.repos.update("Acme", "rover", private=False)
    eve = client(hub, hub.add_user("eve"))
    made = eve.rest.repos.create_fork("Acme", "rover").parsed_data
    assert (made.full_name, made.fork, made.parent and made.parent.full_name) == ("eve/rover", True, "Acme/rover")
    branches = eve.rest.repos.list_branches("eve", "rover").parsed_data
    assert [branch.name for branch in branches] == ["main"]


def test_a_removed_repository_is_gone(acme: Acme, hub: FakeGitHub) -> None:
    assert refused(lambda: acme.ada.rest.repos.delete("Acme", "rover"))[0] == 403  # that takes a scope of its own
    strong = client(hub, hub.add_user("ada", scopes={"repo", "delete_repo"}))
    strong.rest.repos.delete("Acme", "rover")
    assert refused(lambda: acme.ada.rest.repos.get("Acme", "rover"))[0] == 404
    assert list((hub.folder / "acme").iterdir()) == []


def test_a_renamed_branch_keeps_its_pull_requests(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    rename = acme.ada.rest.repos.rename_branch
    assert refused(lambda: rename("Acme", "rover", "main", new_name="feature"))[0] == 422  # there is one
    assert refused(lambda: acme.bob.rest.repos.rename_branch("Acme", "rover", "main", new_name="trunk"))[0] in {
        403,
        404,
    }
    assert rename("Acme", "rover", "main", new_name="trunk").parsed_data.name == "trunk"
    assert acme.ada.rest.repos.get("Acme", "rover").parsed_data.default_branch == "trunk"
    found = acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data
    assert (found.base.ref, found.state) == ("trunk", "open")
    rename("Acme", "rover", "feature", new_name="drive")
    assert acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.state == "closed"

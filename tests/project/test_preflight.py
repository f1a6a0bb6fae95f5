"""What prevents a repository on GitHub is found before anything is made, and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.github.errors import (
    NameProtected,
    NameTaken,
    NotPermitted,
    PlanLacks,
    TeamMissing,
)
from tests.helpers.creation import Creation, set_plan, wanting
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.errors import RndError
    from tests.helpers.github import Hosting


class TestPreflight:
    """What stands in the way is found before anything is made, and explained."""

    def refused(self, creation: Creation, error: type[RndError]) -> str:
        hosting = creation.hosting
        before = set(hosting.hub.state.repositories)
        hosting.hub.calls.clear()
        with pytest.raises(error) as caught:
            creation.run()
        assert type(caught.value) is error
        assert {call[0] for call in hosting.hub.calls} <= {"GET"}
        assert set(hosting.hub.state.repositories) == before
        return caught.value.message

    def test_a_team_that_does_not_exist(self, creation: Creation, hosting: Hosting) -> None:
        one = hosting.hub.state.organisation(hosting.owner)
        assert one is not None
        team = next(iter(hosting.policy.teams))
        del one.teams[team]
        assert (
            self.refused(creation, TeamMissing)
            == f"org.yml names the team {team}, which {hosting.owner} does not have."
        )

    def test_no_member(self, creation: Creation, hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GH_TOKEN", hosting.hub.add_user("stranger", ("repo", "workflow", "read:org")))
        assert "stranger is no member" in self.refused(creation, NotPermitted)

    @pytest.mark.parametrize("scope", ["repo", "workflow", "read:org"])
    def test_a_scope_is_missing(
        self, creation: Creation, hosting: Hosting, monkeypatch: pytest.MonkeyPatch, scope: str
    ) -> None:
        held = {"repo", "workflow", "read:org"} - {scope}
        monkeypatch.setenv("GH_TOKEN", hosting.hub.add_user(hosting.login, held))
        assert f"lacks the scope {scope}" in self.refused(creation, NotPermitted)
        with pytest.raises(NotPermitted) as caught:
            creation.run()
        assert caught.value.hint == "Set GH_TOKEN to another token, or unset it to sign in with a browser."

    @pytest.mark.usefixtures("owner")
    def test_a_free_plan_without_rulesets(self, creation: Creation) -> None:
        set_plan(creation, "free")
        assert "free plan" in self.refused(creation, PlanLacks)

    def test_a_free_plan_that_a_member_does_not_see(self, creation: Creation, hosting: Hosting, tmp_path: Path) -> None:
        hosting.hub.read_delay = 0  # the other repository is an old one
        git(tmp_path, "init", "--quiet", "other")
        git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message", "x")
        hosting.publish(tmp_path / "other", "other")
        set_plan(creation, "free")
        assert "Upgrade to" in self.refused(creation, PlanLacks)

    @pytest.mark.usefixtures("owner")
    def test_internal_without_an_enterprise(self, creation: Creation, hosting: Hosting) -> None:
        wanting(creation, visibility="internal")
        assert self.refused(creation, PlanLacks) == (
            f"{hosting.owner} has GitHub's team plan and does not belong to an enterprise, so it cannot have internal "
            "repositories."
        )

    def test_another_repository_of_that_name(self, creation: Creation, hosting: Hosting, tmp_path: Path) -> None:
        hosting.hub.read_delay = 0  # the other repository is an old one
        git(tmp_path, "init", "--quiet", "other")
        git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message", "x")
        hosting.publish(tmp_path / "other", creation.name)
        assert f"The repository {hosting.owner}/{creation.name} exists already" in self.refused(creation, NameTaken)

    def test_an_empty_repository_of_that_name(self, creation: Creation, hosting: Hosting) -> None:
        with hosting.client as client:
            client.send(lambda kit: kit.rest.repos.create_in_org(hosting.owner, name=creation.name, private=True))
        self.refused(creation, NameTaken)

    def test_a_protected_name(self, creation: Creation, hosting: Hosting) -> None:
        policy = hosting.policy.model_copy(update={"protected_names": [creation.name]})
        creation.organisation = creation.organisation.model_copy(update={"github": policy})
        assert f"org.yml reserves the name {creation.name}" in self.refused(creation, NameProtected)
        assert hosting.hub.calls == [], "nobody is asked, nor has to sign in, for that"

"""A repository on GitHub: made once, protected before it has content, and explained when it cannot be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fake_github.faults import refusal
from rnd.errors import RndError, UsageError
from rnd.github.client import Client, find_addresses
from rnd.github.errors import (
    AlreadyThere,
    GitHubRefused,
    NotPermitted,
    PlanLacks,
)
from rnd.github.repository import Repository
from rnd.github.settings.setting import RepositoryContext
from rnd.plan import Plan
from rnd.progress import Quiet, Started
from rnd.project.remote import Remote
from rnd.project.setup import setup_steps
from tests.helpers.creation import Creation, set_plan, wanting
from tests.helpers.git import git

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from fake_github.faults import Phase
    from tests.helpers.github import Hosting


def results(creation: Creation) -> dict[str, str]:
    return {outcome.step.key: outcome.result for outcome in creation.run()}


def test_all_of_it(creation: Creation, hosting: Hosting) -> None:
    assert results(creation).keys() >= {"github-repository", "settings", "content", "protection", "pull-request"}
    state = creation.state()
    folder = creation.project.folder
    assert state["settings"]["visibility"] == hosting.policy.repository.visibility
    assert state["settings"]["description"] == "demo, a research project"
    assert state["teams"] == hosting.policy.teams
    assert state["default branch"] == "main"
    assert state["commits"] == f"refs/heads/main {git(folder, 'rev-parse', 'main')}"
    assert state["branches"] == ["refs/heads/main", "refs/heads/set-up"]
    assert [ruleset["name"] for ruleset in state["rulesets"]] == ["main", "release-tags"]
    assert all((ruleset["enforcement"], ruleset["bypass_actors"]) == ("active", []) for ruleset in state["rulesets"])
    ((number, title, body, status, head),) = state["pull requests"]
    assert (number, title, status, head) == (1, "docs: say where the repository is", "open", "set-up")
    assert f"`{hosting.policy.repository.main.required_check}`" in body
    page = f"{hosting.hub.url}/{hosting.owner}/{creation.name}"
    assert state["origin"] == f"{page}.git"
    assert f'+[project.urls]\n+Repository = "{page}"\n+Issues = "{page}/issues"\n' in state["set-up"]
    assert state["status"] == "## main...origin/main"


@pytest.mark.parametrize("visibility", ["internal", "public"])
def test_an_organisation_that_wants_another_visibility(creation: Creation, hosting: Hosting, visibility: str) -> None:
    hosting.hub.state.organisation(hosting.owner).plan = "enterprise"  # pyrefly: ignore[missing-attribute]
    wanting(creation, visibility=visibility)
    creation.run()
    assert creation.state()["settings"]["visibility"] == visibility
    assert results(creation) == {"github": "done"}


def test_each_step_has_a_key_of_its_own(creation: Creation) -> None:
    """The list of progress, and scripts, tell them apart by it."""
    opened = creation.open()
    keys = [step.key for step in (*setup_steps(creation.project), *opened.steps)]
    opened.close()
    assert len(keys) == len(set(keys))


def test_again_repeats_nothing_and_asks_nobody(creation: Creation, hosting: Hosting) -> None:
    creation.run()
    before = creation.state()
    hosting.hub.calls.clear()
    assert results(creation) == {"github": "done"}
    assert hosting.hub.calls == []
    assert creation.state() == before


def test_what_is_on_github_is_seen_when_the_sign_is_lost(creation: Creation, hosting: Hosting) -> None:
    creation.run()
    before = creation.state()
    git(creation.project.folder, "update-ref", "-d", "refs/remotes/origin/main")
    git(creation.project.folder, "branch", "--quiet", "-D", "set-up")
    hosting.hub.calls.clear()
    assert {key for key, result in results(creation).items() if result == "applied"} == {"tracking"}
    assert {call[0] for call in hosting.hub.calls} == {"GET"}
    assert creation.state() == before


def test_a_plan_changes_nothing(creation: Creation, hosting: Hosting) -> None:
    opened = creation.open()
    outcomes = Plan("host it", opened.steps).show(Quiet())
    opened.close()
    assert {outcome.result for outcome in outcomes} == {"needed"}
    assert creation.there() is None
    assert git(creation.project.folder, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert {call[0] for call in hosting.hub.calls} == {"GET"}


def test_it_is_never_reachable_unprotected(creation: Creation, hosting: Hosting) -> None:
    """At each request, what a member of another team could do: no content without the ruleset, no team before it."""
    seen: list[tuple[bool, bool, bool]] = []

    def look(_: Request, phase: Phase) -> None:
        there = creation.there()
        if there is not None and phase == "after":
            one = hosting.hub.state.organisation(hosting.owner)
            assert one is not None
            content = bool(git(there.folder, "for-each-ref"))
            protected = any(ruleset["enforcement"] == "active" for ruleset in there.rulesets.values())
            let_in = any(there.full_name in team.repositories for team in one.teams.values())
            seen.append((content, protected, let_in))

    hosting.hub.faults.append(look)
    creation.run()
    assert (True, True, True) in seen
    assert all(protected for content, protected, let_in in seen if content or let_in)


def test_the_first_push_is_the_last_that_goes_past_the_rules(creation: Creation) -> None:
    creation.run()
    git(creation.project.folder, "commit", "--quiet", "--allow-empty", "--message", "feat: straight to main")
    with creation.hosting.client as client:
        context = RepositoryContext(client, Repository(creation.hosting.owner, creation.name), creation.hosting.policy)
        with pytest.raises(GitHubRefused, match="Changes must be made through a pull request"):
            Remote(context, creation.project.folder).push("main")


@pytest.mark.parametrize("delay", [1, 3])
def test_github_shows_it_late(creation: Creation, hosting: Hosting, delay: int) -> None:
    hosting.hub.read_delay = delay
    creation.run()
    assert len(creation.state()["pull requests"]) == 1


def test_what_members_may_create_is_found_when_one_is_created(creation: Creation, hosting: Hosting) -> None:
    hosting.hub.state.organisation(hosting.owner).members_create = False  # pyrefly: ignore[missing-attribute]
    with pytest.raises(NotPermitted, match=f"Members of {hosting.owner} cannot create private repositories"):
        creation.run()
    assert creation.there() is None


def test_a_plan_without_rulesets_that_nobody_sees_stops_before_content(creation: Creation) -> None:
    """A member of a new organisation has no private repository to probe."""
    set_plan(creation, "free")
    with pytest.raises(PlanLacks, match="Upgrade to"):
        creation.run()
    there = creation.there()
    assert there is not None
    assert git(there.folder, "for-each-ref") == ""
    assert not any(call[0] == "PATCH" for call in creation.hosting.hub.calls)
    set_plan(creation, "team")
    assert results(creation)["content"] == "applied"


def test_a_first_commit_that_github_refuses_is_amended(creation: Creation, hosting: Hosting) -> None:
    """GH007: its author is a private address. The amended commit has another hash, and the repository is still ours."""
    folder = creation.project.folder
    address = git(folder, "log", "-1", "--format=%ae")
    account = hosting.hub.state.account(hosting.login)
    assert account is not None
    account.private_emails = frozenset({address})
    with pytest.raises(GitHubRefused, match="GH007"):
        creation.run()
    for name in ("user.email", "author.email"):
        git(folder, "config", name, "ada@users.noreply.example.com")
    git(folder, "commit", "--quiet", "--amend", "--no-edit", "--reset-author")
    assert results(creation)["content"] == "applied"
    assert creation.state()["settings"]["description"] == "demo, a research project"


def test_a_name_that_somebody_else_s_repository_has(creation: Creation, hosting: Hosting) -> None:
    one = hosting.hub.state.organisation(hosting.owner)
    assert one is not None
    one.base_role, one.members["eve"] = None, "admin"
    with Client(find_addresses(os.environ), hosting.hub.add_user("eve")) as eve:
        eve.send(lambda kit: kit.rest.repos.create_in_org(hosting.owner, name=creation.name, private=True))
    with pytest.raises(AlreadyThere) as caught:
        creation.run()
    assert "the name belongs to something that you cannot see" in caught.value.hint


def test_a_remote_of_another_name_is_left_alone(creation: Creation) -> None:
    git(creation.project.folder, "remote", "add", "origin", "git@example.com:somebody/else.git")
    with pytest.raises(UsageError, match="points to another repository"):
        creation.run()
    assert git(creation.project.folder, "remote", "get-url", "origin") == "git@example.com:somebody/else.git"


class TestWithout:
    """Without a token or a network nothing is lost: the obstacle is said at the end, with the way on."""

    def test_a_token(self, creation: Creation, hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GH_TOKEN")
        hosting.hub.calls.clear()
        opened = creation.open()
        (outcome,) = Plan("host it", opened.steps).show(Quiet())
        assert (outcome.result, outcome.evidence) == (
            *("needed", "There is no token for GitHub, and no terminal to sign in on."),
        )
        with pytest.raises(RndError) as caught:
            Plan("host it", opened.steps).apply(started := Started())
        assert caught.value.code == "sign-in-needed"
        said = opened.explain(caught.value, started).hint
        assert f"{creation.project.folder} is complete and is kept. To continue, run: " in said
        assert f"rnd setup {creation.project.folder}" in said
        assert "To undo" not in said
        assert hosting.hub.calls == []

    def test_a_valid_token(self, creation: Creation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GH_TOKEN", "ghp_revoked")
        with pytest.raises(RndError) as caught:
            creation.run()
        assert caught.value.code == "sign-in-needed"

    def test_a_network(self, creation: Creation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
        with pytest.raises(RndError) as caught:
            creation.run()
        assert caught.value.code == "github-unavailable"


def test_giving_up_is_explained(creation: Creation, hosting: Hosting) -> None:
    """What there is by then, and the commands that take it away; nothing is taken away unasked."""
    path = f"/api/v3/repos/{hosting.owner}/{creation.name}/topics"
    hosting.hub.faults.append(
        lambda request, _: refusal(403, "No") if (request.method, request.path) == ("PUT", path) else None
    )
    opened = creation.open()
    with pytest.raises(RndError) as caught:
        Plan("host it", opened.steps).apply(started := Started())
    opened.close()
    said = opened.explain(caught.value, started).hint
    assert f"Already on GitHub: {hosting.hub.url}/{hosting.owner}/{creation.name}." in said
    assert f"To undo instead, run: gh repo delete {hosting.owner}/{creation.name} --yes; git -C" in said
    assert creation.there() is not None

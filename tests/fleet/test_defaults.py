"""What an organisation decides for all of its repositories: one request instead of one for each; its plan."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.fleet import governor
from rnd.fleet.defaults import RESTRICTIVE
from rnd.fleet.rest import DAYS, REST_ONLY, in_turn, is_due
from rnd.github.errors import GitHubRefused
from tests.helpers.settings import disturb
from tests.helpers.views import made_up_view

if TYPE_CHECKING:
    from fake_github.state import Organisation
    from tests.helpers.fleet import Fleet


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(governor, "PAUSE", 0.0)


def own(fleet: Fleet) -> Organisation:
    """Let the user own the organisation, and return it."""
    organisation = fleet.hub.state.organisation(fleet.hosting.owner)
    assert organisation is not None
    organisation.members[fleet.hosting.login] = "admin"
    fleet.hub.state.tokens[fleet.hosting.token].scopes |= {"admin:org"}
    return organisation


def restrict(organisation: Organisation) -> None:
    """Let the organisation forbid what org.yml does not want."""
    organisation.actions = {
        "workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
        "forks": {"send_write_tokens_to_workflows": False, "send_secrets_and_variables": False},
    }


def reads(fleet: Fleet) -> int:
    """Return how many requests there were about single repositories, and forget all requests."""
    count = len([path for _, path, _ in fleet.hub.calls if "/repos/" in path])
    fleet.hub.calls.clear()
    return count


def test_a_restrictive_default_replaces_requests(fleet: Fleet) -> None:
    there = fleet.add("rnd-one")
    organisation = own(fleet)
    reads(fleet)
    assert set(fleet.facts()["rnd-one"].not_read) == {*REST_ONLY}
    assert reads(fleet) == 0
    assert fleet.facts(full=True)["rnd-one"].not_read == ()
    assert reads(fleet) == 5
    restrict(organisation)
    assert set(fleet.facts()["rnd-one"].not_read) == {*REST_ONLY} - RESTRICTIVE.keys()
    assert reads(fleet) == 0
    assert fleet.facts(full=True)["rnd-one"].not_read == ()
    assert reads(fleet) == 3
    with fleet.hosting.client as client, pytest.raises(GitHubRefused, match="409"):
        disturb(fleet.context(client, there.name), "actions.token")


def test_each_default_counts_alone(fleet: Fleet) -> None:
    fleet.add("rnd-one")
    organisation = own(fleet)
    organisation.actions = {"workflow": {"default_workflow_permissions": "read"}}
    assert "actions.token" not in fleet.facts()["rnd-one"].not_read
    assert "actions.approve_pull_requests" in fleet.facts()["rnd-one"].not_read


def test_another_seventh_each_day(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rnd-one", "rnd-two"):
        fleet.add(name)
        fleet.hosting.repository(name).actions["access"] = {"access_level": "organization"}
    one = fleet.hosting.repository("rnd-one").id
    monkeypatch.setattr("rnd.fleet.view.is_due", lambda number, _: number == one)
    view = fleet.look(rotate=True)
    found = {facts.member.name: facts for facts in view.repositories}
    assert [change.key for change in found["rnd-one"].changes] == ["actions.shared_with"]
    assert found["rnd-one"].not_read == ()
    assert found["rnd-two"].changes == ()
    assert set(found["rnd-two"].not_read) == {*REST_ONLY}
    assert [facts.member.name for facts in view.partly_read] == ["rnd-two"]


def test_the_sevenths() -> None:
    """Within a week each repository is read on exactly one day."""
    days = [date(2026, 11, 30) + timedelta(days=number) for number in range(DAYS)]
    due = {day: {number for number in range(1400) if is_due(number, day)} for day in days}
    assert set().union(*due.values()) == set(range(1400))
    assert sum(map(len, due.values())) == 1400
    assert all(140 < len(numbers) < 260 for numbers in due.values())


def test_limits_end_each_run_and_every_repository_is_read() -> None:
    """A run reads some hundred of a thousand repositories; the next ones begin with others."""
    known = made_up_view(1000).repositories
    start = datetime(2026, 11, 30, 8, tzinfo=UTC)
    for count in (200, 800):
        runs = [{one.member.id for one in in_turn(known, start + timedelta(hours=n))[:count]} for n in range(DAYS)]
        assert set().union(*runs) == {one.member.id for one in known}
    assert set().union(*runs[:3]) == {one.member.id for one in known}


def test_a_plan_without_rulesets(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """What the plan lacks is reported, no request tries to set it, and the other settings are applied."""
    for name in ("rnd-one", "rnd-two", "rnd-wiki"):
        fleet.add(name)
    fleet.hosting.repository("rnd-wiki").settings["has_wiki"] = True
    own(fleet).plan = "free"
    assert cli.main(["fleet", "status"]) == 3
    said = capsys.readouterr().out
    assert "settings      features.wiki 1   not in the plan 3" in said
    assert f"The free plan of {fleet.hosting.owner} has no rulesets and no environments" in said
    assert cli.main(["fleet", "status", "--having", "drift", "--json"]) == 3
    listed = json.loads(capsys.readouterr().out)["repositories"]
    assert [one["drift"] for one in listed if one["name"] == "rnd-one"] == [[]]
    assert {key.partition(".")[0] for one in listed for key in one["lacking"]} == {"main", "release_tags"}
    for expected in (1, 0):
        fleet.hub.calls.clear()
        assert cli.main(["fleet", "apply"]) == 3
        sent = [method for method, path, _ in fleet.hub.calls if method != "GET" and "graphql" not in path]
        assert len(sent) == expected
        assert "org.yml wants them in 3" in capsys.readouterr().out


def test_a_plan_that_the_token_cannot_see(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub's refusal is about the plan, so it is no failure of a repository, and does not end the run."""
    names = ["rnd-a", "rnd-b", "rnd-c", "rnd-d"]
    for name in names:
        fleet.add(name)
        fleet.hosting.repository(name).settings["has_wiki"] = True
    own(fleet).plan = "free"
    monkeypatch.setattr("rnd.fleet.defaults.PAID", ())
    assert cli.main(["fleet", "apply"]) == 3
    said = capsys.readouterr().out
    assert "4 applied, 8 left out" in said
    assert "rnd-a protection: left out [github-plan-lacks]" in said
    assert not any(fleet.hosting.repository(name).settings["has_wiki"] for name in names)

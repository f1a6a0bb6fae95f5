"""`rnd fleet plan` and `rnd fleet apply`: what they change, what they leave out, what they survive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fake_github.faults import once, refusal
from rnd import cli
from rnd.fleet import governor
from rnd.fleet.defaults import RESTRICTIVE
from rnd.fleet.plan_file import FleetPlan, cost
from rnd.fleet.rest import REST_ONLY
from rnd.github.settings.plan import settings_and_guards
from rnd.organisation.fleet import Stop
from tests.helpers.settings import disturb, with_app

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Request

    from tests.helpers.fleet import Fleet


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write without the pause between two writes, except where a test is about it."""
    monkeypatch.setattr(governor, "PAUSE", 0.0)


def writes(fleet: Fleet) -> list[tuple[str, str]]:
    """Return the requests that changed something, and forget all requests so far."""
    sent = [(method, path) for method, path, _ in fleet.hub.calls if method != "GET" and "graphql" not in path]
    fleet.hub.calls.clear()
    return sent


def wiki(fleet: Fleet, *names: str) -> list[bool]:
    return [fleet.hosting.repository(name).settings["has_wiki"] for name in names]


def drift(fleet: Fleet, *names: str) -> None:
    """Turn the wikis of repositories on."""
    for name in names:
        fleet.hosting.repository(name).settings["has_wiki"] = True


# Changes that exclude others; `test_views.py` makes them too.
ALONE = (
    "visibility",
    "merging.squash_message",
    "main.pull_request",
    "main.required_check",
    "environment.name",
    "default_branch",
    "oidc.default_subject",
)


# How the fleet sees each setting. A new setting needs a row here.
GRAPHQL, REST, DEFAULT = "GraphQL, without a cost of its own", "REST only", "REST, or a default of the organisation"
SEEN = {
    "visibility": GRAPHQL,
    "features": GRAPHQL,
    "topics": GRAPHQL,
    "merging": GRAPHQL,
    "default_branch": GRAPHQL,
    "teams": GRAPHQL,
    "main": GRAPHQL,
    "release_tags": GRAPHQL,
    "release_tags_creation": GRAPHQL,
    "environment.name": GRAPHQL,
    "environment.branches": REST,
    "actions.shared_with": REST,
    "oidc": REST,
    "actions.token": DEFAULT,
    "actions.approve_pull_requests": DEFAULT,
    "forks": DEFAULT,
}


def seen(key: str) -> str:
    """Return how the fleet sees a setting."""
    return SEEN[key] if key in SEEN else SEEN[key.partition(".")[0]]


def test_every_setting_is_seen_planned_and_applied(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """`rnd github check` and `rnd fleet status` have the same differences."""
    config = with_app(fleet.hosting, fleet.organisation.github)
    fleet.organisation = fleet.organisation.model_copy(update={"github": config})
    there = fleet.add("rnd-one")
    with fleet.hosting.client as client:
        context = fleet.context(client, there.name)
        every = [key for one in settings_and_guards(context) for key in one.wanted]
        assert {key for key in every if seen(key) != GRAPHQL} == {*REST_ONLY}
        assert {key for key in REST_ONLY if seen(key) == DEFAULT} == RESTRICTIVE.keys()
        changed = [key for key in every if key not in ALONE]
        for key in changed:
            disturb(context, key)
        assert cli.main(["fleet", "status", "--json"]) == 3
        (one,) = json.loads(capsys.readouterr().out)["repositories"]
        assert [change["key"] for change in one["drift"]] == [key for key in changed if seen(key) == GRAPHQL]
        assert one["not_read"] == [key for key in every if seen(key) != GRAPHQL]
        assert cli.main(["github", "check", "--json", "--repository", str(there)]) == 3
        by_rest = json.loads(capsys.readouterr().out)["drift"]
        assert cli.main(["fleet", "status", "--full", "--json"]) == 3
        (one,) = json.loads(capsys.readouterr().out)["repositories"]
        assert sorted(one["drift"], key=str) == sorted(by_rest, key=str)
        assert [change["key"] for change in by_rest] == changed
        fleet.hub.calls.clear()
        assert cli.main(["fleet", "apply", "--full"]) == 0
        assert writes(fleet)
        assert cli.main(["fleet", "apply", "--full"]) == 0
        assert writes(fleet) == []
        assert cli.main(["github", "check", "--repository", str(there)]) == 0


def test_a_plan_says_what_it_takes(fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("rnd-one", "rnd-two"):
        fleet.add(name)
    fleet.add("rnd-new", in_order=False)
    drift(fleet, "rnd-one", "rnd-two")
    writes(fleet)
    file = tmp_path / "plan.json"
    assert cli.main(["fleet", "plan", "--out", str(file)]) == 3
    said = capsys.readouterr().out
    assert "features.wiki: true → false in 3 repositories" in said
    assert writes(fleet) == []
    plan = json.loads(file.read_text(encoding="utf-8"))
    one = next(repository for repository in plan["repositories"] if repository["name"] == "rnd-one")
    assert one["changes"] == [{"setting": "settings", "key": "features.wiki", "found": True, "wanted": False}]
    assert cli.main(["fleet", "apply", str(file)]) == 0
    calls = [method for method, path, _ in fleet.hub.calls if "graphql" not in path]
    most = cost(FleetPlan.model_validate(plan))
    assert 0 < len([method for method in calls if method != "GET"]) <= most.writes
    assert len([method for method in calls if method == "GET"]) <= most.reads
    assert cli.main(["fleet", "status"]) == 0


def test_what_changed_since_the_plan_is_left_out(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["rnd-archived", "rnd-deleted", "rnd-fixed", "rnd-moved", "rnd-other", "rnd-plain", "rnd-team"]
    for name in names:
        fleet.add(name)
    drift(fleet, *names)
    file = str(tmp_path / "plan.json")
    assert cli.main(["fleet", "plan", "--out", file]) == 3
    state = fleet.hub.state
    drift_since = fleet.hosting.repository("rnd-other").settings
    drift_since["has_issues"] = False
    fleet.hosting.repository("rnd-fixed").settings["has_wiki"] = False
    fleet.hosting.repository("rnd-archived").settings["archived"] = True
    del state.repositories[f"{fleet.hosting.owner}/rnd-deleted"]
    moved = state.repositories.pop(f"{fleet.hosting.owner}/rnd-moved")
    moved.name = "rnd-renamed"
    state.repositories[f"{fleet.hosting.owner}/rnd-renamed"] = moved
    for team in state.organisation(fleet.hosting.owner).teams.values():  # pyrefly: ignore[missing-attribute]
        team.repositories[moved.full_name] = team.repositories.pop(f"{fleet.hosting.owner}/rnd-moved")
    writes(fleet)
    capsys.readouterr()
    assert cli.main(["fleet", "apply", file, "--json"]) == 3
    outcomes = {one["name"]: (one["result"], one["text"]) for one in json.loads(capsys.readouterr().out)["outcomes"]}
    assert outcomes["rnd-plain"] == ("applied", "features.wiki: true → false")
    assert outcomes["rnd-renamed"][0] == "applied"
    assert outcomes["rnd-fixed"][0] == "done"
    assert outcomes["rnd-archived"] == ("left-out", "it is now: archived")
    assert outcomes["rnd-deleted"][0] == "left-out"
    assert outcomes["rnd-other"][0] == "left-out"
    assert "features.issues: false → true" in outcomes["rnd-other"][1]
    assert wiki(fleet, "rnd-other", "rnd-plain") == [True, False]
    assert {path.rpartition("/")[2] for _, path in writes(fleet)} == {"rnd-plain", "rnd-renamed", "rnd-team"}


def test_a_change_between_reading_and_writing_is_left_out(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """Right before the write, the setting is read again."""
    fleet.add("rnd-one")
    drift(fleet, "rnd-one")
    settings = fleet.hosting.repository("rnd-one").settings

    def meanwhile(request: Request, phase: str) -> None:
        if phase == "before" and request.path.endswith("/rnd-one"):
            settings["has_issues"] = False

    fleet.hub.faults.append(meanwhile)
    assert cli.main(["fleet", "apply"]) == 3
    assert "left out [fleet-changed-since]: it changed since the plan: features.issues" in capsys.readouterr().out
    assert settings["has_wiki"] is True


def test_one_bad_repository_changes_no_others_outcome(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["rnd-a", "rnd-b", "rnd-c"]
    for name in names:
        fleet.add(name)
    drift(fleet, *names)
    path = f"/api/v3/repos/{fleet.hosting.owner}/rnd-b"
    fleet.hub.faults.append(once("PATCH", path, refusal(403, "Must have admin rights to Repository.")))
    assert cli.main(["fleet", "apply"]) == 1
    said = capsys.readouterr().out
    assert "2 applied, 1 failed" in said
    assert "rnd-b settings: failed [github-refused]:" in said
    assert wiki(fleet, *names) == [False, True, False]
    assert cli.main(["fleet", "apply"]) == 0
    assert wiki(fleet, *names) == [False, False, False]


def test_equal_failures_in_a_row_end_the_run(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.configure(stop=Stop(failures=2, share=100))
    names = ["rnd-a", "rnd-b", "rnd-c"]
    for name in names:
        fleet.add(name)
    drift(fleet, *names)
    for name in names:
        path = f"/api/v3/repos/{fleet.hosting.owner}/{name}"
        fleet.hub.faults.append(once("PATCH", path, refusal(403, "Must have admin rights to Repository.")))
    assert cli.main(["fleet", "apply"]) == 1
    said = capsys.readouterr()
    assert "2 failed, 1 not reached" in said.out
    assert "error[fleet-stopped]: 2 repositories in a row failed in the same way." in said.err


def test_at_most(fleet: Fleet) -> None:
    names = ["rnd-a", "rnd-b"]
    for name in names:
        fleet.add(name)
    drift(fleet, *names)
    assert cli.main(["fleet", "apply", "--at-most", "1"]) == 3
    assert wiki(fleet, *names) == [False, True]
    assert cli.main(["fleet", "apply", "--at-most", "1"]) == 0
    assert cli.main(["fleet", "apply", "--at-most", "0"]) == 2


def test_a_long_pause_ends_the_run_without_an_error(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["rnd-a", "rnd-b"]
    for name in names:
        fleet.add(name)
    drift(fleet, *names)
    path = f"/api/v3/repos/{fleet.hosting.owner}/rnd-a"
    answer = refusal(403, "You have exceeded a secondary rate limit.", Retry_After="1800")
    fleet.hub.faults.append(once("PATCH", path, answer))
    assert cli.main(["fleet", "apply"]) == 0
    said = capsys.readouterr()
    assert "Settings of repositories: 2 not reached." in said.out
    assert "GitHub's limits end this run:" in said.err
    assert "Next from " in said.err
    assert wiki(fleet, *names) == [True, True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "was made by a newer rnd: its version is 2"),
        ({"version": 0}, "version: Input should be 1"),
        ({"organisation": "other"}, "is a plan for other"),
        ({"server": "https://api.example.com"}, "is a plan for"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
        ({"repositories": [{"id": 1}]}, "repositories.0.node_id: Field required"),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_a_plan_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], said: str
) -> None:
    file = tmp_path / "plan.json"
    assert cli.main(["fleet", "plan", "--out", str(file)]) == 0
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    assert cli.main(["fleet", "apply", str(file)]) == 2
    assert f"{file}" in (shown := capsys.readouterr().err)
    assert said in shown


def test_a_plan_for_another_org_yml(fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.add("rnd-one")
    drift(fleet, "rnd-one")
    file = tmp_path / "plan.json"
    assert cli.main(["fleet", "plan", "--out", str(file)]) == 3
    assert cli.main(["fleet", "apply", str(file), "--repository", "typo*"]) == 2
    assert "No repository of the plan matches --repository 'typo*'" in capsys.readouterr().err
    file.write_text(file.read_text(encoding="utf-8").replace('"wanted": false', '"wanted": true'), encoding="utf-8")
    assert cli.main(["fleet", "apply", str(file)]) == 2
    assert "sets features.wiki of rnd-one to a value that org.yml does not have" in capsys.readouterr().err
    file.write_text("{", encoding="utf-8")
    assert cli.main(["fleet", "apply", str(file)]) == 2
    assert cli.main(["fleet", "apply", str(tmp_path / "none.json")]) == 2
    assert cli.main(["fleet", "apply", str(file), "--full"]) == 2


def test_a_watched_repository_is_never_changed(fleet: Fleet) -> None:
    fleet.configure(watched=["rnd-one"])
    fleet.add("rnd-one", in_order=False)
    writes(fleet)
    assert cli.main(["fleet", "apply", "--full"]) == 0
    assert writes(fleet) == []

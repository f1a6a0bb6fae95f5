"""Events reach subscribers, with payloads as GitHub's webhooks have them; the fixture validates them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github_tests.acme import client

if TYPE_CHECKING:
    from fake_github.records import Event
    from fake_github_tests.acme import Acme


def webhooks(acme: Acme) -> list[str]:
    return [event.webhook for event in acme.hub.events]


@pytest.mark.slow
def test_each_event_of_a_change_is_told_in_turn(acme: Acme) -> None:
    acme.hub.events.clear()
    before = acme.clone.branch("feature", "feat: drive", drive="on")
    acme.open_pull("feature", "feat: drive")
    after = acme.clone.commit("feat: drive on", drive="further")
    acme.clone.push("feature")
    acme.merge(1, "squash")
    acme.ada.rest.repos.create_release("Acme", "rover", tag_name="0.1.0", target_commitish="main")
    assert webhooks(acme) == [
        "create", "push", "pull-request-opened", "push", "pull-request-synchronize",
        "push", "pull-request-closed", "create", "push", "release-published",
    ]  # fmt: skip
    synchronized = acme.hub.events[4]
    assert (synchronized.payload["before"], synchronized.payload["after"]) == (before, after)
    assert synchronized.ref == "refs/pull/1/merge"
    merged = acme.hub.events[5].payload
    assert merged["head_commit"]["message"] == "feat: drive (#1)\n\n* feat: drive\n\n* feat: drive on"
    assert acme.hub.events[6].payload["pull_request"]["merged"] is True
    assert acme.hub.events[-1].ref == "refs/tags/0.1.0"


def test_what_a_runs_own_token_does_starts_no_run(acme: Acme) -> None:
    acme.clone.commit("chore: version 0.1.0")
    token = acme.hub.workflow_token("Acme/rover", {"contents": "write"})
    assert acme.clone.with_token(token).push("main:one").returncode == 0
    assert {event.starts_runs for event in acme.hub.events[-2:]} == {False}
    token = acme.hub.app_token("Acme/rover", {"contents": "write"})
    assert acme.clone.with_token(token).push("main:two").returncode == 0
    assert {event.starts_runs for event in acme.hub.events[-2:]} == {True}


def test_listeners_are_told_when_the_request_is_over(acme: Acme) -> None:
    heard: list[tuple[str, int]] = []

    def listen(event: Event) -> None:
        ada = client(acme.hub, acme.token)  # the server answers while it delivers events
        heard.append((event.name, len(ada.rest.pulls.list("Acme", "rover").parsed_data)))

    acme.hub.subscribe(listen)
    acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive")
    assert heard == [("create", 0), ("push", 0), ("pull_request", 1)]

"""Mutations of the GraphQL API: what a query shows, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github_tests.queries import data, refusals

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme

DRAFT = """mutation Draft($id: ID!) {
  convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""
READY = """mutation Ready($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""
REVERT = """mutation Revert($id: ID!) {
  revertPullRequest(input: {pullRequestId: $id}) { revertPullRequest { title headRefName body } }
}"""


def test_a_pull_request_is_made_a_draft_and_ready_again(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    identity = acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.node_id
    assert data(acme, DRAFT, id=identity)["convertPullRequestToDraft"]["pullRequest"] == {"isDraft": True}
    assert acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.draft
    assert data(acme, READY, id=identity)["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False}
    assert refusals(acme.hub, acme.hub.add_user("mallory"), DRAFT, id=identity)[0][0] in {"NOT_FOUND", "FORBIDDEN"}
    assert refusals(acme.hub, acme.token, DRAFT, id="UHVsbDo5")[0][0] == "NOT_FOUND"
    acme.ada.rest.pulls.update("Acme", "rover", number, state="closed")
    assert refusals(acme.hub, acme.token, DRAFT, id=identity)[0][0] == "UNPROCESSABLE"


def test_a_merged_pull_request_is_reverted(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive", drive="on")
    number = acme.open_pull("feature", "feat: drive")
    identity = acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.node_id
    assert refusals(acme.hub, acme.token, REVERT, id=identity)[0][0] == "UNPROCESSABLE"
    acme.merge(number, "merge")
    made = data(acme, REVERT, id=identity)["revertPullRequest"]["revertPullRequest"]
    assert made == {
        "title": 'Revert "feat: drive"',
        "headRefName": f"revert-{number}-feature",
        "body": f"Reverts Acme/rover#{number}",
    }
    opened = acme.ada.rest.pulls.list("Acme", "rover").parsed_data[0]
    whole = acme.ada.rest.pulls.get("Acme", "rover", opened.number).parsed_data
    assert (whole.changed_files, whole.additions) == (1, 0)
    assert refusals(acme.hub, acme.token, REVERT, id=identity)[0][0] == "UNPROCESSABLE"

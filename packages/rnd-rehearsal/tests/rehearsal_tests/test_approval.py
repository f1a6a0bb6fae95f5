"""A run that waits until somebody approves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop

APPROVED = """\
name: Pull request
on: pull_request
concurrency: {group: "pull-${{ github.event.number }}", cancel-in-progress: true}
permissions: {}
jobs:
  look:
    runs-on: self-hosted
    steps:
      - run: sleep ${{ github.event.action == 'opened' && 600 || 0 }}
"""


def test_what_a_run_pushes_to_a_pull_request_waits_for_approval_which_ends_that_run(workshop: Workshop) -> None:
    workshop.push("main", "ci: look", **{".github__workflows__pr_yml": APPROVED})
    workshop.push("feature", "feat: drive")
    workshop.open_pull("feature")
    token = workshop.hub.workflow_token("Acme/rover", {"contents": "write"})
    head = workshop.push("feature", "chore: version", token=token)
    (event,) = workshop.runner.waiting
    assert event.payload["pull_request"]["head"]["sha"] == head
    assert len(workshop.runner.runs) == 1
    workshop.runner.approve(event)
    assert [run.conclusion for run in workshop.finished()] == ["cancelled", "success"]
    assert workshop.runner.waiting == []

"""A run that waits until somebody approves it, and what of a cancelled run still runs."""

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
  after:
    needs: look
    runs-on: self-hosted
    steps:
      - run: "true"
  gate:
    needs: [look, after]
    if: always()
    runs-on: self-hosted
    steps:
      - run: echo "look was ${{ needs.look.result }} in $NEEDS"
        env:
          NEEDS: ${{ toJSON(needs) }}
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
    runs = workshop.finished()
    assert [run.conclusion for run in runs] == ["cancelled", "success"]
    verdicts = [{name: job.result and job.result.verdict for name, job in run.jobs.items()} for run in runs]
    assert verdicts[0] == {"look": "cancelled", "after": "skipped", "gate": "success"}
    assert set(verdicts[1].values()) == {"success"}
    assert 'look was cancelled in {"look": {"result": "cancelled", "outputs": {} }' in workshop.log(runs[0], "gate")
    assert runs[0].ended <= runs[1].jobs["look"].queued, "the group waits for the job that always runs"
    assert workshop.runner.waiting == []

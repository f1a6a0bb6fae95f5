"""A run that waits until somebody approves it, and what of a cancelled run still runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github.clock import now
from fake_github.records import Event
from rnd_rehearsal import approval

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


@pytest.mark.slow
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


@pytest.mark.parametrize("knows", ["nothing", "a merged pull request", "a collaborator", "its own branch"])
def test_a_fork_waits_until_the_repository_knows_its_author(workshop: Workshop, knows: str) -> None:
    state = workshop.hub.state
    workshop.hub.add_user("eve", scopes={"repo"})
    repository, eve = state.repository("Acme/rover"), state.account("eve")
    assert repository is not None
    assert eve is not None
    head = "Acme/rover" if knows == "its own branch" else "eve/rover"
    pull = {"user": {"login": "eve"}, "head": {"repo": {"full_name": head}}}
    if knows == "a collaborator":
        repository.collaborators["eve"] = "push"
    workshop.push("main", "feat: drive")
    workshop.push("topic", "fix: turn")
    workshop.open_pull("topic")
    (earlier,) = repository.pulls.values()
    earlier.author = eve
    if knows == "a merged pull request":
        earlier.merged_at = now()
    event = Event(
        "pull_request", "opened", "Acme/rover", "eve", "refs/pull/1/merge", "0" * 40, True, {"pull_request": pull}
    )
    assert approval.waits(state, event) is (knows == "nothing")

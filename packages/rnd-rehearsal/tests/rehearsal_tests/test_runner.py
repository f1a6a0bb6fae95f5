"""What happens in the fake GitHub starts workflow files, and real act runs their jobs."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from fake_github import once, refusal
from rnd_rehearsal.workflow_files import OUTSIDE

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop

GREETING = """\
name: Greeting
on:
  push:
    branches: [main]
permissions: {}
jobs:
  greet:
    runs-on: [self-hosted, research]
    outputs:
      word: ${{ steps.say.outputs.word }}
    steps:
      - id: say
        run: echo "word=hello" >> "$GITHUB_OUTPUT"
  quiet:
    runs-on: [self-hosted, research]
    if: false
    steps:
      - run: exit 1
  answer:
    name: the answer
    needs: [greet, quiet]
    if: always()
    runs-on: [self-hosted, research]
    container: example.com/some/image:latest
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@v5
      - run: |
          echo "${WORD}, ${GITHUB_REPOSITORY} at $(git log -1 --format=%s) by ${{ github.actor }}, ${QUIET}"
        env:
          WORD: ${{ needs.greet.outputs.word }}
          QUIET: ${{ needs.quiet.result }}
  after:
    needs: quiet
    runs-on: [self-hosted, research]
    steps:
      - run: exit 1
"""


def test_a_push_starts_its_workflow_and_each_job_reports(workshop: Workshop) -> None:
    sha = workshop.push("main", "feat: greet", **{".github__workflows__g_yml": GREETING})
    (run,) = workshop.finished()
    assert run.conclusion == "success"
    assert "hello, Acme/rover at feat: greet by ada, skipped" in workshop.log(run, "answer")
    expected = {"greet": "success", "quiet": "skipped", "the answer": "success", "after": "skipped"}
    assert workshop.checks(sha) == expected
    assert run.left_out == [OUTSIDE]
    workshop.push("other", "feat: elsewhere")
    assert len(workshop.finished()) == 1


CALLER = """\
name: Pull request
on: pull_request
permissions: {}
jobs:
  check:
    name: check
    permissions: {contents: read}
    uses: ./.github/workflows/check.yml
    with:
      commit: ${{ github.event.pull_request.head.sha }}
  gate:
    name: all-green
    if: always()
    needs: check
    runs-on: self-hosted
    steps:
      - run: test "$RESULT" = success
        env: {RESULT: "${{ needs.check.result }}"}
"""
CALLED = """\
on:
  workflow_call:
    inputs:
      commit: {type: string, required: true}
permissions: {}
jobs:
  look:
    name: look
    runs-on: self-hosted
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@v5
        with: {ref: "${{ inputs.commit }}", persist-credentials: false}
      - run: cat verdict.txt && grep good verdict.txt
"""


def on_pull_request(workshop: Workshop) -> None:
    workflows = {".github__workflows__pr_yml": CALLER, ".github__workflows__check_yml": CALLED}
    workshop.push("main", "ci: check", **workflows)


def test_a_pull_request_runs_what_its_workflow_calls(workshop: Workshop) -> None:
    on_pull_request(workshop)
    head = workshop.push("feature", "feat: drive", **{"verdict.txt": "good"})
    workshop.open_pull("feature")
    (run,) = workshop.finished()
    assert run.event.sha != head  # it runs the merge with main
    assert workshop.checks(head) == {"check / look": "success", "all-green": "success"}
    worse = workshop.push("feature", "fix: drive worse", **{"verdict.txt": "bad"})
    assert workshop.finished()[-1].conclusion == "failure"
    assert workshop.checks(worse) == {"check / look": "failure", "all-green": "failure"}


def test_what_failed_is_run_again_and_the_rest_is_not(workshop: Workshop) -> None:
    workflow = """\
on: push
jobs:
  first:
    runs-on: self-hosted
    outputs: {n: "${{ steps.n.outputs.n }}"}
    steps: [{id: n, run: "echo n=$RANDOM >> $GITHUB_OUTPUT"}]
  second:
    needs: first
    runs-on: self-hosted
    steps: [{run: "echo it is ${{ needs.first.outputs.n }}; test -e ALLOWED"}]
"""
    allowed = workshop.folder.parent / "allowed"
    workshop.push("main", "ci: two", **{".github__workflows__two_yml": workflow.replace("ALLOWED", str(allowed))})
    (run,) = workshop.finished()
    assert run.conclusion == "failure"
    allowed.touch()
    again = workshop.runner.rerun(run)
    workshop.finished()
    assert again.conclusion == "success"
    assert (again.attempt, again.jobs["first"]) == (2, run.jobs["first"])
    number = again.jobs["first"].result
    assert number
    assert f"it is {number.outputs['n']}" in workshop.log(again, "second")


SLOW = """\
on: push
concurrency: {group: "g-${{ github.ref }}", POLICY}
jobs:
  wait:
    runs-on: self-hosted
    steps: [{run: "echo begin $(date +%s.%N); sleep 1; echo end $(date +%s.%N)"}]
"""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("cancel-in-progress: true", ["cancelled", "cancelled", "success"]),
        ("cancel-in-progress: false", ["success", "cancelled", "success"]),
        ("queue: max", ["success", "success", "success"]),
    ],
)
def test_runs_of_one_group_go_one_after_the_other(workshop: Workshop, policy: str, expected: list[str]) -> None:
    workshop.push("main", "ci: slow", **{".github__workflows__slow_yml": SLOW.replace("POLICY", policy)})
    for number in range(2):
        workshop.push("main", f"feat: {number}")
        time.sleep(0.2)
    runs = workshop.finished()
    assert [run.conclusion for run in runs] == expected
    spans = [(run.started, run.ended) for run in runs if run.conclusion == "success"]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_each_jobs_token_may_what_the_job_says(workshop: Workshop) -> None:
    workflow = """\
on: push
permissions: {}
jobs:
  may: {runs-on: self-hosted, permissions: {statuses: write}, steps: [{run: "STATUS"}]}
  may-not: {runs-on: self-hosted, permissions: {contents: read}, steps: [{run: "STATUS"}]}
"""
    command = (
        "curl -fsS -H 'Authorization: Bearer ${{ github.token }}' -d '{\\\"state\\\": \\\"success\\\"}' "
        "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/statuses/$GITHUB_SHA"
    )
    workshop.push("main", "ci: say", **{".github__workflows__say_yml": workflow.replace("STATUS", command)})
    (run,) = workshop.finished()
    assert {name: job.result and job.result.verdict for name, job in run.jobs.items()} == {
        "may": "success",
        "may-not": "failure",
    }
    assert "403" in workshop.log(run, "may-not")
    for job in run.jobs:
        assert "ghs_" not in workshop.log(run, job)


def test_a_fork_gets_neither_secrets_nor_a_token_that_writes(workshop: Workshop) -> None:
    workflow = """\
on: pull_request
permissions: {contents: write, id-token: write}
jobs:
  look:
    runs-on: self-hosted
    steps:
      - run: echo "secret=[${SECRET}] variable=[${{ vars.COLOUR }}] oidc=[${ACTIONS_ID_TOKEN_REQUEST_URL}]"
        env: {SECRET: "${{ secrets.KEY }}"}
      - run: >-
          curl -sS -o /dev/null -w "status %{http_code}" -H "Authorization: Bearer ${{ github.token }}"
          -d '{"ref": "refs/heads/theirs", "sha": "${{ github.event.pull_request.base.sha }}"}'
          $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/git/refs
"""
    workshop.runner.settings.secrets["KEY"] = "open-sesame"
    workshop.runner.settings.variables["COLOUR"] = "red"
    workshop.push("main", "ci: look", **{".github__workflows__look_yml": workflow})
    workshop.push("feature", "feat: ours")
    workshop.open_pull("feature")
    (ours,) = workshop.finished()
    assert "secret=[***] variable=[red] oidc=[http" in workshop.log(ours, "look")
    assert "status 201" in workshop.log(ours, "look")
    eve = workshop.hub.add_user("eve", scopes={"repo", "workflow"})
    stranger = type(workshop.ada)(workshop.hub.api_url, eve)
    stranger.ask("POST", "/repos/Acme/rover/forks", {})
    workshop.push("theirs", "feat: theirs", token=eve, owner="eve")
    stranger.ask("POST", "/repos/Acme/rover/pulls", {"title": "feat: theirs", "head": "eve:theirs", "base": "main"})
    assert [run.fork for run in workshop.finished()] == [False], "the first run of a stranger waits for approval"
    workshop.runner.approve(*workshop.runner.waiting)
    theirs = workshop.finished()[-1]
    assert "secret=[] variable=[] oidc=[]" in workshop.log(theirs, "look")
    assert "status 403" in workshop.log(theirs, "look")


def test_a_job_requests_the_identity_that_its_permissions_allow(workshop: Workshop) -> None:
    workflow = """\
on: push
jobs:
  with:
    runs-on: ubuntu-latest
    environment: publish
    permissions: {id-token: write}
    steps:
      - run: |
          curl -sS -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts" | cut -d. -f2 | tr '_-' '/+' | base64 -di 2>/dev/null || true
          echo "showed $ACTIONS_ID_TOKEN_REQUEST_TOKEN"
  without:
    runs-on: self-hosted
    steps: [{run: 'echo "oidc=[${ACTIONS_ID_TOKEN_REQUEST_URL}${ACTIONS_ID_TOKEN_REQUEST_TOKEN}]"'}]
"""
    workshop.push("main", "ci: ask", **{".github__workflows__ask_yml": workflow})
    (run,) = workshop.finished()
    said = workshop.log(run, "with")
    for claim in (
        '"aud":"sts"',
        '"environment":"publish"',
        '"runner_environment":"github-hosted"',
        '"job_workflow_ref":"Acme/rover/.github/workflows/ask.yml@refs/heads/main"',
    ):
        assert claim in said
    assert "showed ***" in said
    assert "oidc=[]" in workshop.log(run, "without")
    assert workshop.hub.provider.jobs == {}


def test_what_a_runs_own_token_pushes_starts_no_run(workshop: Workshop) -> None:
    workflow = "on: push\njobs:\n  look: {runs-on: self-hosted, steps: [{run: 'true'}]}\n"
    workshop.push("main", "ci: look", **{".github__workflows__look_yml": workflow})
    workshop.finished()
    count = len(workshop.runner.runs)
    workshop.push("other", "chore: version", token=workshop.hub.workflow_token("Acme/rover", {"contents": "write"}))
    assert len(workshop.finished()) == count
    workshop.push("other", "chore: version", token=workshop.hub.app_token("Acme/rover", {"contents": "write"}))
    assert len(workshop.finished()) == count + 1


def test_trouble_of_the_runner_itself_is_no_failed_job(workshop: Workshop) -> None:
    workshop.hub.faults.append(once("POST", "/api/v3/repos/Acme/rover/check-runs", refusal(500, "Server Error")))
    workshop.push("main", "ci: greet", **{".github__workflows__g_yml": GREETING})
    with pytest.raises(Exception, match="500"):
        workshop.finished()

"""What workflow files say, read as GitHub reads them."""

from __future__ import annotations

import json

import pytest

from rnd_rehearsal import single_job, workflow_files, workflows
from rnd_rehearsal.workflows import Concurrency, NotKnown, Occasion, Result

PUSH_MAIN = Occasion("push", None, "refs/heads/main")
PUSH_DEV = Occasion("push", None, "refs/heads/dev")
PUSH_TAG = Occasion("push", None, "refs/tags/1.0.0")
OPENED = Occasion("pull_request", "opened", "refs/pull/1/merge", "main")
CLOSED = Occasion("pull_request", "closed", "refs/pull/1/merge", "main")
TO_DEV = Occasion("pull_request", "opened", "refs/pull/1/merge", "dev")


@pytest.mark.parametrize(
    ("on", "started"),
    [
        ("on: push", [PUSH_MAIN, PUSH_DEV, PUSH_TAG]),
        ("on: [pull_request, release]", [OPENED, TO_DEV]),
        ("on: {push: {branches: [main]}}", [PUSH_MAIN]),
        ("on: {push: {branches: ['d**']}}", [PUSH_DEV]),
        ("on: {push: {branches-ignore: [main]}}", [PUSH_DEV]),
        ("on: {push: {branches: ['**', '!main']}}", [PUSH_DEV]),
        ("on: {push: {tags: ['[0-9]*', '*.*.*']}}", [PUSH_TAG]),
        ("on: {pull_request: {branches: [main]}}", [OPENED]),
        ("on: {pull_request: {types: [closed]}}", [CLOSED]),
        ("on: workflow_dispatch", []),
    ],
)
def test_what_starts_a_workflow(on: str, started: list[Occasion]) -> None:
    workflow = workflow_files.load(on)
    everything = [PUSH_MAIN, PUSH_DEV, PUSH_TAG, OPENED, CLOSED, TO_DEV]
    assert [occasion for occasion in everything if workflows.starts(workflow, occasion)] == started


def test_on_is_a_word_and_stays_one() -> None:
    workflow = workflow_files.load("on: push\njobs: {a: {if: true, with: {yes: no}}}\n")
    assert workflow["on"] == "push"
    assert workflow["jobs"]["a"] == {"if": True, "with": {"yes": "no"}}
    assert workflow_files.load(workflow_files.dump(workflow)) == workflow


CONTEXTS = {"github": {"ref": "refs/heads/main", "event": {"number": 7}, "head_ref": ""}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("g-${{ github.event.number }}", "g-7"),
        ("${{ github.head_ref || github.ref }}", "refs/heads/main"),
        ("${{ github.head_ref || 'none' }}", "none"),
        ("${{ github.nothing.at.all }}", ""),
        ("${{ github.event.number == '7' && 'seven' || 'other' }}", "seven"),
        ("${{ github.event.number == '8' && 'eight' || 'it''s another' }}", "it's another"),
        ("${{ github.head_ref && github.ref || 'no head' }}", "no head"),
    ],
)
def test_simple_expressions_are_filled_in(text: str, value: str) -> None:
    assert workflows.evaluate(text, CONTEXTS) == value


def test_other_expressions_are_refused_not_guessed() -> None:
    with pytest.raises(NotKnown, match="contains"):
        workflows.evaluate("${{ contains(github.ref, 'x') }}", CONTEXTS)


def test_concurrency() -> None:
    def read(text: str) -> Concurrency | None:
        return workflows.concurrency(workflow_files.load(text), CONTEXTS)

    assert read("name: x") is None
    assert read("concurrency: main") == Concurrency("main")
    assert read("concurrency: {group: 'a-${{ github.ref }}', queue: max}") == Concurrency(
        "a-refs/heads/main", keeps_all=True
    )
    assert read("concurrency: {group: a, cancel-in-progress: true}") == Concurrency("a", cancels=True)


def granted(*holders: str, fork: bool = False) -> dict[str, str]:
    return workflows.permissions([workflow_files.load(holder) for holder in holders], fork=fork)


def test_a_job_may_what_it_says_or_else_its_workflow() -> None:
    assert granted("permissions: {}", "name: a") == {}
    assert granted("permissions: {}", "permissions: {contents: write}") == {"contents": "write"}
    assert granted("name: w", "name: a")["contents"] == "read"
    assert granted("permissions: read-all", "name: a")["checks"] == "read"


def test_what_is_called_may_no_more_than_its_caller() -> None:
    caller = ("permissions: {}", "permissions: {contents: read, id-token: write}")
    assert granted(*caller, "permissions: {}", "permissions: {contents: write}") == {"contents": "read"}
    assert granted(*caller, "name: c", "name: inner") == {"contents": "read", "id-token": "write"}
    assert granted(*caller, "permissions: {}", "permissions: {statuses: write}") == {}


def test_a_fork_only_reads() -> None:
    job = "permissions: {contents: write, id-token: write, attestations: write}"
    assert granted("permissions: {}", job, fork=True) == {"contents": "read"}


WORKFLOW = """\
on: push
concurrency: main
jobs:
  a: {runs-on: x, container: an-image, steps: [{uses: Acme/t/actions/push-image@v1, id: push, with: {version: 1}}]}
  b: {runs-on: [x, y], steps: [{run: 'false'}]}
  c: {needs: [a, b], if: always(), runs-on: x, steps: [{run: 'true'}, {uses: actions/checkout@v5}]}
"""


def test_a_job_runs_alone_with_stubs_for_what_it_needs() -> None:
    done = {"a": Result("skipped"), "b": Result("failure", {"said": "${{ secrets.X }}"})}
    alone = single_job.alone(workflow_files.load(WORKFLOW), "c", done)
    assert list(alone["jobs"]) == ["a", "b", "c", single_job.teller(0)]
    assert alone["jobs"]["a"]["if"] is False
    assert alone["jobs"]["b"]["steps"] == [{"run": "false"}]
    assert alone["jobs"]["b"]["outputs"] == {"said": "${{ '${{' }} secrets.X }}"}  # text, not an expression
    assert alone["jobs"]["c"] == workflow_files.load(WORKFLOW)["jobs"]["c"]
    assert "concurrency" not in alone


def test_what_this_machine_cannot_do_is_left_out_and_said() -> None:
    left_out = {"/push-image": "no images here"}
    fitted, said = workflow_files.fit(workflow_files.load(WORKFLOW), volumes=None, left_out=left_out)
    assert "container" not in fitted["jobs"]["a"]
    assert fitted["jobs"]["a"]["steps"] == [{"id": "push", "run": "echo 'no images here'"}]
    assert said == [
        workflow_files.OUTSIDE,
        "job a left out Acme/t/actions/push-image: no images here",
    ]


def test_a_container_gets_the_folders_that_are_shared() -> None:
    fitted, said = workflow_files.fit(workflow_files.load(WORKFLOW), volumes=["/a:/a"], left_out={})
    assert said == []
    written = workflow_files.load(WORKFLOW)["jobs"]["a"]["container"]
    assert fitted["jobs"]["a"]["container"] == {"image": written, "volumes": ["/a:/a"]}


def test_what_a_workflow_uses_and_where_it_runs() -> None:
    workflow = workflow_files.load(WORKFLOW)
    assert workflow_files.actions_of(workflow) == {"Acme/t/actions/push-image@v1", "actions/checkout@v5"}
    assert workflow_files.labels_of(workflow) == {"x", "y"}


@pytest.mark.parametrize(
    ("condition", "asks"),
    [
        ("always()", True),
        ("${{ !cancelled() && needs.a.result == 'success' }}", True),
        ("needs.a.outputs.always == 'true'", False),
        ("", False),
    ],
)
def test_a_job_that_asks_for_no_status_is_skipped_after_a_failure(condition: str, asks: bool) -> None:
    assert workflows.asks_for_status({"if": condition} if condition else {}) == asks


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("always()", True),
        ("${{ cancelled() }}", True),
        ("${{ !cancelled() }}", False),
        ("${{ ! cancelled() && failure() }}", False),
        ("success()", False),
        (None, False),
    ],
)
def test_which_jobs_outlast_a_cancellation(condition: str | None, expected: bool) -> None:
    job = {} if condition is None else {"if": condition}
    assert workflows.outlasts_cancellation(job) == expected


def test_expressions_see_that_a_job_was_cancelled() -> None:
    workflow = {
        "jobs": {
            "a": {},
            "b": {
                "needs": "a",
                "if": "always() && needs.a.result != 'success'",
                "steps": [{"run": "${{ needs.a.result }} ${{ toJSON(needs) }} ${{ needs.a.outputs.x }}"}],
            },
        }
    }
    done = {"a": Result("cancelled", {"x": "it's }}"})}
    job = single_job.alone(workflow, "b", done)["jobs"]["b"]
    assert job["if"] == "always() && 'cancelled' != 'success'"
    (step,) = job["steps"]
    literal = step["run"].split("}} ${{ '")[1].split("' }} ${{")[0]
    assert json.loads(literal.replace("''", "'")) == {"a": {"result": "cancelled", "outputs": {"x": "it's }}"}}}
    assert "}}" not in literal
    assert step["run"].startswith("${{ 'cancelled' }}")
    assert step["run"].endswith("${{ needs.a.outputs.x }}")

"""The gate: what lets a pull request be merged, and what never does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.ci.gate import Job, judge
from rnd.organisation import load_organisation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.github import Hosting
    from tests.helpers.repository import Repository

Needs = dict[str, Job]


def run(version: str = "success", *, handed_over: str = "false", settled: str = "true", **others: str) -> Needs:
    """Return the `needs` of a run: the version job and three others, which succeed unless told otherwise."""
    outputs = {"handed-over": handed_over, "settled": settled} if version == "success" else {}
    results = {"lint-and-test": "success", "package": "success", "image": "success"} | others
    jobs = {"version": {"result": version, "outputs": outputs}}
    jobs |= {name: {"result": result, "outputs": {}} for name, result in results.items()}
    return json.loads(json.dumps(jobs))  # pyrefly: ignore[no-any-return-explicit]


def is_green(needs: Needs) -> bool:
    return all(finding.passes for finding in judge(needs))


def test_green_when_every_job_came_through() -> None:
    assert is_green(run())


@pytest.mark.parametrize("job", ["lint-and-test", "package", "image"])
@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_one_job_that_did_not_is_enough(job: str, result: str) -> None:
    needs = run(**{job: result})
    assert [finding.job for finding in judge(needs) if not finding.passes] == [job]


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_without_a_version_nothing_is_green(result: str) -> None:
    skipped = dict.fromkeys(("lint-and-test", "package", "image"), "skipped")
    assert not is_green(run(result, **skipped))


def test_jobs_may_be_left_to_the_run_of_the_version_commit() -> None:
    skipped = dict.fromkeys(("lint-and-test", "package", "image"), "skipped")
    assert is_green(run(handed_over="true", **skipped))


@pytest.mark.parametrize("result", ["failure", "cancelled"])
def test_and_may_not_fail_for_that(result: str) -> None:
    assert not is_green(run(handed_over="true", package="skipped", image=result))


def test_a_fork_must_set_its_version_itself() -> None:
    (finding,) = [finding for finding in judge(run(settled="false")) if not finding.passes]
    assert finding.job == "version"
    assert "rnd version set" in finding.reason


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ci", "gate", json.dumps(run())]) == 0
    assert "lint-and-test" in capsys.readouterr().out
    assert cli.main(["ci", "gate", json.dumps(run()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["image"] == "success"
    assert cli.main(["ci", "gate", json.dumps(run(image="cancelled"))]) == 1
    assert "error[not-green]: Not green:\n  image: cancelled\n" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[" * 100_000, "[]", "{}", "null", '{"a": 1}', '{"a": {"result": "success"}}'])
def test_what_is_no_context_is_refused(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert cli.main(["ci", "gate", text]) == 2
    assert "error[usage]" in capsys.readouterr().err


@pytest.fixture
def pushed(released: Repository, hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A commit on the fake GitHub that no run was started for; the job of the gate has checked nothing out."""
    there = hosting.publish(released.path)
    monkeypatch.setenv("GITHUB_REPOSITORY", str(there))
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    monkeypatch.chdir(tmp_path)
    return released.git("rev-parse", "HEAD")


@pytest.mark.parametrize(("image", "state"), [("success", "success"), ("failure", "failure")])
def test_a_commit_without_a_run_gets_the_result_as_the_status_that_main_requires(
    pushed: str, hosting: Hosting, image: str, state: str
) -> None:
    for _ in range(2):
        assert cli.main(["ci", "gate", json.dumps(run(image=image)), "--report", pushed]) == (state == "failure")
    (status,) = hosting.repository().statuses
    assert (status["sha"], status["state"]) == (pushed, state)
    assert status["context"] == load_organisation().github.repository.main.required_check
    assert status["target_url"].endswith("/actions/runs/7")


def test_a_commit_with_a_run_of_its_own_gets_none(pushed: str, hosting: Hosting) -> None:
    skipped = dict.fromkeys(("lint-and-test", "package", "image"), "skipped")
    assert cli.main(["ci", "gate", json.dumps(run(handed_over="true", **skipped)), "--report", pushed]) == 0
    assert cli.main(["ci", "gate", json.dumps(run()), "--report", ""]) == 0
    assert hosting.repository().statuses == []


@pytest.mark.parametrize(
    "needs",
    [
        run(image="cancelled"),
        run("cancelled"),
        run("failure", **dict.fromkeys(("lint-and-test", "package", "image"), "skipped")),
        run("skipped"),
        run(handed_over="true"),
    ],
)
def test_a_run_that_checked_nothing_for_certain_reports_nothing(pushed: str, hosting: Hosting, needs: Needs) -> None:
    cli.main(["ci", "gate", json.dumps(needs), "--report", pushed])
    assert hosting.repository().statuses == []

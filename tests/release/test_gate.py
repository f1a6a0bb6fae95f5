"""The gate: what lets a pull request be merged, and what never does."""

from __future__ import annotations

import json

import pytest

from rnd import cli
from rnd.release.gate import Job, judge

Needs = dict[str, Job]


def run(version: str = "success", *, handed_over: str = "false", settled: str = "true", **others: str) -> Needs:
    """Return the `needs` of a run: the version job and three others, which succeed unless told otherwise."""
    outputs = {"handed-over": handed_over, "settled": settled} if version == "success" else {}
    results = {"lint-and-test": "success", "package": "success", "image": "success"} | others
    jobs = {"version": {"result": version, "outputs": outputs}}
    jobs |= {name: {"result": result, "outputs": {}} for name, result in results.items()}
    return json.loads(json.dumps(jobs))  # type: ignore[no-any-return]


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
    assert cli.main(["gate", json.dumps(run())]) == 0
    assert "lint-and-test" in capsys.readouterr().out
    assert cli.main(["gate", json.dumps(run()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["image"] == "success"
    assert cli.main(["gate", json.dumps(run(image="cancelled"))]) == 1
    assert "error[not-green]: Not green:\n  image: cancelled\n" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"a": 1}', '{"a": {"result": "success"}}'])
def test_what_is_no_context_is_refused(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert cli.main(["gate", text]) == 2
    assert "error[usage]" in capsys.readouterr().err

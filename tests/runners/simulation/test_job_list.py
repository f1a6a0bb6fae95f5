"""Lists of jobs as GitHub reports them: what is read, and how each bad row is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_github import description
from rnd.organisation import load_organisation
from rnd.runners.errors import JobListInvalid
from rnd.runners.simulation.job_list import FAULTS_SHOWN, read_job_list

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp()


def job(**changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a job with the fields that GitHub gives it; a None takes one away."""
    row = {
        "id": 399444496,
        "run_id": 29679449,
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-11-02T09:00:00Z",
        "started_at": "2026-11-02T09:01:30Z",
        "completed_at": "2026-11-02T09:05:30Z",
        "name": "lint and test",
        "labels": ["self-hosted", "research"],
        "runner_name": "research-1",
    } | changed
    return {key: value for key, value in row.items() if value is not None}


def written(folder: Path, text: str) -> Path:
    path = folder / "jobs.json"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    path = written(folder, text)
    with pytest.raises(JobListInvalid) as caught:
        read_job_list(path)
    return caught.value.message.replace(str(path), "FILE")


def test_what_is_read(tmp_path: Path) -> None:
    listed = read_job_list(written(tmp_path, json.dumps([job()])))
    (row,) = listed.rows
    assert (row.job.created, row.job.seconds, row.waited) == (MONDAY, 240, 90)
    assert row.labels == {"self-hosted", "research"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([job(), job()]),
        json.dumps([job(), job()], indent=2),
        json.dumps({"total_count": 2, "jobs": [job(), job()]}),
        json.dumps({"jobs": [job(), job()], "total_count": 2}, indent=4),
        json.dumps({"total_count": 2, "jobs": [job()]}) + json.dumps({"total_count": 2, "jobs": [job()]}),
        json.dumps([job()]) + "\n\n" + json.dumps([job()]) + "\n",
        json.dumps(job()) + "\n" + json.dumps(job()) + "\n",
        "[ ]\n" + json.dumps([job(), job()]),
    ],
    ids=["list", "indented", "page", "page, indented", "pages", "lists", "lines", "an empty list"],
)
def test_however_the_rows_are_held(tmp_path: Path, text: str) -> None:
    assert len(read_job_list(written(tmp_path, text)).rows) == 2


def test_rows_are_put_in_the_order_in_which_jobs_were_queued(tmp_path: Path) -> None:
    later = job(created_at="2026-11-02T09:01:00+00:00")
    earlier = job(created_at="2026-11-02T09:59:00+01:00")
    listed = read_job_list(written(tmp_path, json.dumps([later, earlier])))
    assert [row.job.created - MONDAY for row in listed.rows] == [-60, 60]


def test_jobs_that_run_still_or_never_ran_are_counted(tmp_path: Path) -> None:
    rows = [
        job(),
        job(completed_at=None, conclusion=None),
        job(conclusion="skipped", started_at=None),
        job(conclusion="cancelled", started_at="2026-11-02T09:05:31Z", runner_id=0),
        job(run_attempt=2, created_at="2026-11-02T12:00:00Z"),
    ]
    listed = read_job_list(written(tmp_path, json.dumps(rows)))
    assert (len(listed.rows), listed.unfinished, listed.skipped) == (1, 1, 3)


def test_github_s_own_example_is_read(tmp_path: Path) -> None:
    """What is read are fields that GitHub's description of its API has, and its example of each is taken."""
    path = "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs"
    found = description.find([path], [])
    if found is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    properties = description.read(found)["components"]["schemas"]["job"]["properties"]
    assert job().keys() <= properties.keys()
    example = {name: node["example"] for name, node in properties.items() if "example" in node}
    (row,) = read_job_list(written(tmp_path, json.dumps({"total_count": 1, "jobs": [example]}))).rows
    assert row.labels == set(example["labels"])
    assert row.job.created == datetime.fromisoformat(example["created_at"]).timestamp()


def test_which_class_a_job_belongs_to(tmp_path: Path) -> None:
    wanted = load_organisation().runners.classes
    name, first = next(iter(wanted.items()))
    rows = [
        job(labels=first.labels),
        job(labels=[label.upper() for label in first.labels]),
        job(labels=[*first.labels, "Linux", "X64"]),
        job(labels=["ubuntu-latest"]),
        job(labels=[]),
        job(labels=[*first.labels, "with-a-label-of-nobody"]),
    ]
    found = read_job_list(written(tmp_path, json.dumps(rows))).by_class(wanted)
    assert {key: len(rows) for key, rows in found.items() if rows} == {name: 3}
    for key, one in wanted.items():
        listed = read_job_list(written(tmp_path, json.dumps([job(labels=one.labels)])))
        assert [name for name, rows in listed.by_class(wanted).items() if rows] == [key]


def test_a_job_that_any_class_could_run_is_counted_once(tmp_path: Path) -> None:
    wanted = load_organisation().runners.classes
    found = read_job_list(written(tmp_path, json.dumps([job(labels=["self-hosted"])]))).by_class(wanted)
    assert [len(rows) for rows in found.values()] == [1] + [0] * (len(wanted) - 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"created_at": None}, "created_at is missing; expected a time, such as 2026-11-02T09:00:00Z"),
        ({"created_at": "yesterday"}, 'created_at is "yesterday"; expected a time'),
        ({"created_at": 1793610000}, "created_at is 1793610000; expected a time"),
        ({"created_at": "2026-11-02T09:00:00"}, "created_at is 2026-11-02T09:00:00, without a time zone"),
        ({"started_at": None}, "started_at is missing"),
        ({"completed_at": "2026-13-01T00:00:00Z"}, 'completed_at is "2026-13-01T00:00:00Z"'),
        (
            {"completed_at": "2026-11-02T09:01:00Z"},
            "a job is created, started, completed in this order, not 2026-11",
        ),
        ({"started_at": "2026-11-02T08:59:00Z"}, "a job is created, started, completed in this order"),
        ({"labels": None}, 'labels must be a list of text, such as ["self-hosted", "research"]'),
        ({"labels": "research"}, "labels must be a list of text"),
        ({"labels": [1]}, "labels must be a list of text"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    rows = [json.dumps(job()), json.dumps(job()), json.dumps(job(**changed)), json.dumps(job())]
    for text in ("[\n" + ",\n".join(rows) + "\n]", '{"jobs": [\n' + ",\n".join(rows) + "]}", "\n" + "\n".join(rows)):
        assert complaint(tmp_path, text).startswith(f"FILE:4: {said}")


def test_every_bad_row_is_named_up_to_a_limit(tmp_path: Path) -> None:
    assert complaint(tmp_path, '[\n7,\n"x",\nnull]').splitlines() == [
        "FILE:2: a job is an object, not 7",
        'FILE:3: a job is an object, not "x"',
        "FILE:4: a job is an object, not null",
    ]
    said = complaint(tmp_path, "7\n" * (FAULTS_SHOWN + 5)).splitlines()
    assert said[-2:] == [f"FILE:{FAULTS_SHOWN}: a job is an object, not 7", "… and 5 more"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "FILE contains no completed job."),
        ("[]", "FILE contains no completed job."),
        ('{"total_count": 0, "jobs": []}', "FILE contains no completed job."),
        ("created_at,labels\n", "FILE:1: not valid JSON: Expecting value."),
        ("[\n{},\n", "FILE:3: not valid JSON: Expecting value."),
        ("[1 2]", "FILE:1: not valid JSON: Expecting ',' or ']'."),
        ("{}", "FILE:1: created_at is missing; expected a time, such as 2026-11-02T09:00:00Z"),
    ],
)
def test_a_file_that_is_no_list_of_jobs(tmp_path: Path, text: str, said: str) -> None:
    assert complaint(tmp_path, text) == said


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(JobListInvalid, match="No such file or directory"):
        read_job_list(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(JobListInvalid, match="not UTF-8 text, from byte 0 on"):
        read_job_list(tmp_path / "bytes.json")


@pytest.mark.slow
@given(st.text(alphabet='[]{},:"0 \njobs-T') | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.mktemp("any"), text)
    with pytest.raises(JobListInvalid):
        read_job_list(path)

"""What came out of a rehearsal, as it is reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from rnd_rehearsal import timeline
from rnd_rehearsal.calls import Level, Place, Source
from rnd_rehearsal.runs import Job, Run
from rnd_rehearsal.workflow_files import load
from rnd_rehearsal.workflows import Result

if TYPE_CHECKING:
    from fake_github.records import Event

WORKFLOW = load("name: W\njobs: {a: {}, b: {needs: a}, c: {needs: a}, d: {needs: [b, c]}, e: {needs: d}}")


def run() -> Run:
    """Return a run of five jobs, of which the second of two in parallel took longer and the last was skipped."""
    event = cast("Event", type("E", (), {"name": "push"})())
    times = {"a": (0, 1, 3), "b": (3, 3, 5), "c": (3, 4, 9), "d": (9, 9, 10), "e": (10, 10, 10)}
    jobs = {
        name: Job(name, Result("skipped" if name == "e" else "success"), queued=queued, started=started, ended=ended)
        for name, (queued, started, ended) in times.items()
    }
    source = Source("Acme/rover", "w.yml", "refs/heads/main", "0" * 40)
    places = {name: Place((Level(source, WORKFLOW, name),)) for name in WORKFLOW["jobs"]}
    return Run(1, "w.yml", WORKFLOW, places, event, Path(), "0" * 40, False, jobs=jobs, conclusion="success")


def test_the_critical_path_is_what_took_the_time() -> None:
    assert [job.id for job in timeline.critical_path(run())] == ["a", "c", "d"]
    found = timeline.run_document(run(), 0)
    assert found["critical_seconds"] == 10
    assert found["jobs"][2] == {
        "job": "c",
        "result": "success",
        "waited": 1,
        "seconds": 5,
        "steps": [],
        "last_words": [],
    }


def test_a_table_marks_it() -> None:
    rows = timeline.rows({"runs": [timeline.run_document(run(), 0)]})
    assert [row[0] for row in rows] == ["W (push)", "  * a", "    b", "  * c", "  * d", "    e"]

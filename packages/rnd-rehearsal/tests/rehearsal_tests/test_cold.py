"""Each job has a machine of its own, without what earlier jobs have downloaded, and what it transfers is counted."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from rnd_rehearsal import cold_report, timeline
from rnd_rehearsal.calls import Level, Place, Source
from rnd_rehearsal.cold import Cold, machine_path
from rnd_rehearsal.runs import Job, Run
from rnd_rehearsal.traffic import GIT, Meter, Traffic
from rnd_rehearsal.workflow_files import load
from rnd_rehearsal.workflows import Result

if TYPE_CHECKING:
    from fake_github.records import Event
    from rehearsal_tests.workshop import Workshop

CACHES = """\
on: push
jobs:
  one:
    runs-on: [self-hosted, research]
    steps:
      - name: Check out
        uses: actions/checkout@v5
      - run: |
          test ! -e "$UV_CACHE_DIR" && test ! -e "$HOME/left" && test -e "$HOME/.netrc"
          mkdir "$UV_CACHE_DIR" && touch "$HOME/left"
          ! command -v uv
"""
TWO = CACHES + CACHES.partition("jobs:\n")[2].replace("one:", "two:\n    needs: one")


@pytest.mark.slow
def test_a_job_finds_nothing_of_another_one_and_its_bytes_are_counted(workshop: Workshop, tmp_path: Path) -> None:
    meter, settings = Meter(), workshop.runner.settings
    home = tmp_path / "home"
    (home / "folder").mkdir(parents=True)
    (home / ".netrc").touch()
    workshop.hub.transferred = lambda _, received, sent: meter.add(GIT, sent, received)
    settings.environment |= {"HOME": str(home), "NO_PROXY": "127.0.0.1", "UV_CACHE_DIR": str(home / "folder")}
    settings.cold = Cold(tmp_path / "machines", meter, {})
    workshop.push("main", "feat: drive", **{".github__workflows__w_yml": TWO})
    (run,) = workshop.finished()
    said = "".join(workshop.log(run, job) for job in run.jobs)
    assert run.conclusion == "success", said
    found = timeline.run_document(run, 0)
    for job in found["jobs"]:
        assert job["fetched"][GIT] > 100
        assert job["spent"]["checkout"] > 0
        assert sum(job["spent"].values()) == pytest.approx(job["seconds"], abs=1)
    assert list((tmp_path / "machines").iterdir()) == []
    assert [table[0][0] for table in cold_report.tables({"runs": [found]})] == ["MB fetched", "MB pushed", "seconds"]


def test_a_machine_has_no_uv_and_no_shims(tmp_path: Path) -> None:
    for name in ("bin/uv", "both/uv", "both/git", "shims/python3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    given = os.pathsep.join(str(tmp_path / name) for name in ("bin", "both", "shims", "other"))
    kept = [Path(sys.base_prefix, "bin"), tmp_path / "both", tmp_path / "other"]
    assert machine_path(given) == os.pathsep.join(map(str, kept))


def test_the_slowest_path_adds_up_the_jobs_seconds() -> None:
    workflow = load("name: W\njobs: {a: {}, b: {needs: a}, c: {needs: a}, d: {needs: [b, c]}, e: {needs: d}}")
    event = cast("Event", type("E", (), {"name": "push"})())
    # One after another on the only machine: `b` ended before `c` began, and took longer. Of both, two seconds are not
    # a runner's.
    times = {"a": (0, 1), "b": (1, 8), "c": (8, 11), "d": (11, 12), "e": (12, 12)}
    jobs = {
        name: Job(
            name,
            Result("skipped" if name == "e" else "success"),
            started=started,
            ended=ended,
            traffic=Traffic(),
            spent={"base image": 0.5},
            added=2 if name in "bc" else 0,
        )
        for name, (started, ended) in times.items()
    }
    source = Source("Acme/rover", "w.yml", "refs/heads/main", "0" * 40)
    places = {name: Place((Level(source, workflow, name),)) for name in workflow["jobs"]}
    run = Run(1, "w.yml", workflow, places, event, Path(), "0" * 40, False, jobs=jobs, conclusion="success")
    assert [job.id for job in cold_report.slowest_path(run)] == ["a", "b", "d"]
    found = timeline.run_document(run, 0)
    assert found["critical_seconds"] == 7
    assert found["jobs"][1]["added"] == 2
    assert found["jobs"][1]["spent"] == {"base image": 0.5, "other": 4.5}


def test_tables_show_what_there_is() -> None:
    job = {"job": "a", "result": "success", "fetched": {"git": 1_500_000}, "pushed": {}, "spent": {"tests": 2.0}}
    skipped = job | {"result": "skipped"}
    run = {"workflow": "W", "attempt": 2, "jobs": [job, skipped]}
    assert cold_report.total(run, "fetched") == 3_000_000
    fetched, _, spent = cold_report.tables({"runs": [run]})
    assert fetched == (
        ("MB fetched", "total", "git"),
        [("W, attempt 2: a", "1.50", "1.50"), ("all jobs", "1.50", "1.50")],
    )
    assert spent[0] == ("seconds", "total", "tests")
    assert cold_report.tables({"runs": [{"workflow": "W", "jobs": [{"job": "a", "result": "success"}]}]}) == []

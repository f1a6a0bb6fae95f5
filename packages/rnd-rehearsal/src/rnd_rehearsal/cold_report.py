"""What jobs on cold machines fetched, pushed and spent their time on, as plain data and as tables. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd_rehearsal.spent import KINDS, OTHER
from rnd_rehearsal.traffic import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rnd_rehearsal.cold import Cold
    from rnd_rehearsal.runs import Job, Run

Document = dict[str, Any]
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
RESULTS = {"success", "failure"}  # of a job that ran


def job_part(job: Job) -> Document:
    """Return bytes by source, and seconds by what they were spent on; nothing where nothing was counted."""
    if job.traffic is None:
        return {}
    rest = max(seconds([job]) - sum(job.spent.values()), 0.0)
    spent = job.spent | {OTHER: job.spent.get(OTHER, 0.0) + rest}
    parts = {kind: round(spent[kind], 1) for kind in KINDS if kind in spent}
    return {**job.traffic.document(), "spent": parts, "added": round(job.added, 1)}


def machine_part(cold: Cold | None) -> Document:
    """Return what a machine fetched for all its jobs when it started; nothing where machines keep no images."""
    return {} if cold is None or cold.kept is None else {"machine": cold.kept.started.document()}


def slowest_path(run: Run) -> list[Job]:
    """Return the jobs that decide how long a run takes if each job has a machine of its own.

    Here, jobs wait for the only machine, so what counts is not when a job began, but how long it took.
    """
    done = {name: job for name, job in run.jobs.items() if job.result is not None and job.result.verdict in RESULTS}
    paths: dict[str, list[Job]] = {}

    def longest(name: str) -> list[Job]:
        if name not in paths:
            needed = [longest(need.key) for need in run.needed(run.places[name]) if need.key in done]
            paths[name] = [*max(needed, key=seconds, default=[]), done[name]]
        return paths[name]

    return max(map(longest, done), key=seconds, default=[])


def seconds(jobs: Iterable[Job]) -> float:
    """Return how long jobs take on real machines, one after another: without what a rehearsal alone needs."""
    return sum(max(job.ended - job.started - job.added, 0.0) for job in jobs)


def total(run: Document, way: str) -> int:
    """Return the bytes that the jobs of a run `fetched` or `pushed`."""
    return sum(sum(job.get(way, {}).values()) for job in run["jobs"])


def tables(found: Document) -> list[Table]:
    """Return the tables of a rehearsal with cold machines: bytes fetched, bytes pushed, seconds; none otherwise."""
    rows = [
        (f"{run['workflow']}, attempt {run['attempt']}" if run["attempt"] > 1 else run["workflow"], job)
        for run in found["runs"]
        for job in run["jobs"]
        if "spent" in job and job["result"] in RESULTS
    ]
    if not rows:
        return []
    parts = (("fetched", SOURCES, megabytes), ("pushed", SOURCES, megabytes), ("spent", KINDS, "{:.1f}".format))
    fetched, *others = (_table(rows, key, names, write) for key, names, write in parts)
    return [_with_machine(fetched, found.get("machine")), *others]


def _with_machine(table: Table, machine: Document | None) -> Table:
    """Return a table with one more row: what a machine fetches when it starts, once for all its jobs."""
    if machine is None:
        return table
    (unit, total, *sources), rows = table
    fetched = machine["fetched"]
    row = ("a machine, when it starts", megabytes(sum(fetched.values())))
    return (unit, total, *sources), [*rows, (*row, *(megabytes(fetched.get(name, 0)) for name in sources))]


def _table(rows: list[tuple[str, Document]], key: str, names: tuple[str, ...], write: Any) -> Table:  # noqa: ANN401
    used = [name for name in names if any(name in job[key] for _, job in rows)]
    unit = "seconds" if key == "spent" else f"MB {key}"
    shown = [
        (f"{run}: {job['job']}", write(sum(job[key].values())), *(write(job[key].get(name, 0)) for name in used))
        for run, job in rows
    ]
    sums = [sum(job[key].get(name, 0) for _, job in rows) for name in used]
    return (unit, "total", *used), [*shown, ("all jobs", write(sum(sums)), *map(write, sums))]


def megabytes(count: int) -> str:
    """Write bytes as megabytes, of 10^6 bytes."""
    return f"{count / 1e6:.2f}"

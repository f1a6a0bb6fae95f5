"""Measures a pull request on cold machines, before and after a change. Writes docs/benchmarks/pipeline.md.

    uv run python -m benchmarks.pipeline BEFORE [--keep FOLDER]
    uv run python -m benchmarks.pipeline --from FOLDER

BEFORE is a commit of the template. Its pipeline and the one of this checkout run in turn on this machine, both by the
rehearsal of this checkout: `rnd rehearse --cold`. It takes about half an hour, root, Docker and mmdebstrap.

The files of jobs and of their Docker daemons are in the folder for temporary files. Set TMPDIR to one in memory where a
disk takes long to create files: unpacking base images would hide the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.timing import table, this_machine
from rnd import process
from rnd_rehearsal import actors, cold_report, sandbox, timeline
from rnd_rehearsal.services import Options
from rnd_rehearsal.spent import KINDS
from rnd_rehearsal.traffic import BASE, IMAGES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "pipeline.md"
PATIENCE = 7200  # seconds
BEFORE, AFTER = "before", "after"
Document = dict[str, Any]


def measure(checkout: Path) -> Document:
    """Open a pull request, push to it again, and return what all jobs fetched, pushed and took."""
    actors.PATIENCE = PATIENCE
    with TemporaryDirectory(prefix="rnd-benchmark-", ignore_cleanup_errors=True) as place:
        begin = time.monotonic()

        def note(sentence: str) -> None:
            print(f"{time.monotonic() - begin:6.0f} s  {sentence}", file=sys.stderr)

        machine = f"{this_machine()}, files on {filesystem(Path(place))}"
        with sandbox.start(Path(place), checkout, Options(images=True, containers=True, cold=True)) as up:
            people = actors.Actors(up, note, began=begin)
            people.prepare(actors.BEFORE)
            people.commit("change", "feat: drive")
            people.propose("change", "feat: drive")
            people.wait()
            people.commit("change", "feat: turn", name="turn")
            people.wait()
            found = timeline.document("pipeline", people, time.monotonic() - begin)
    started = {"started": found["machine"]} if "machine" in found else {}
    return {"machine": machine, "commit": commit_of(checkout), "runs": found["runs"], **started}


def filesystem(folder: Path) -> str:
    """Return the name of the file system of a folder, such as `tmpfs`."""
    return process.run("stat", "--file-system", "--format=%T", str(folder)).strip()


def commit_of(checkout: Path) -> str:
    """Return the short commit of a checkout, with a mark where its files differ."""
    return process.run("git", "describe", "--always", "--exclude=*", "--dirty", cwd=checkout).strip()


def compare(before: str, keep: Path | None) -> tuple[Document, Document]:
    """Measure a commit and this checkout."""
    with TemporaryDirectory(prefix="rnd-benchmark-") as place:
        process.run("git", "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), place)
        process.run("git", "checkout", "--quiet", "--detach", before, cwd=place)
        found = measure(Path(place)), measure(ROOT)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for name, one in zip((BEFORE, AFTER), found, strict=True):
            (keep / f"{name}.json").write_text(json.dumps(one, indent=1), encoding="utf-8")
    return found


def opened(found: Document) -> list[Document]:
    """Return the runs of opening the pull request: the one that sets the version, and the one that it starts."""
    return list(found["runs"][:-1])


def pushed_again(found: Document) -> Document:
    """Return the run of the second push, which changes the code and not the lock file."""
    return dict(found["runs"][-1])


def megabytes(runs: list[Document], *sources: str, way: str = "fetched") -> float:
    """Return what the jobs of some runs fetched or pushed, from some sources or all."""
    jobs = [job for run in runs for job in run["jobs"]]
    return float(sum(job.get(way, {}).get(name, 0) for job in jobs for name in sources or SOURCES)) / 1e6


def on_new_machines(found: Document, runs: list[Document]) -> float:
    """Return what runs fetch if each job in a container is the first one of its machine, in MB.

    A machine fetches the base images that it keeps once, when it starts, for all its jobs.
    """
    jobs = [job for run in runs for job in run["jobs"] if BASE in job.get("fetched", {})]
    return megabytes(runs) + len(jobs) * started(found)


def started(found: Document) -> float:
    """Return what a machine fetches for base images when it starts, in MB."""
    return float(sum(found.get("started", {}).get("fetched", {}).values())) / 1e6


def with_added(run: Document) -> float:
    """Return the seconds of the critical path of a run, with those that a rehearsal alone needs."""
    added = sum(job["added"] for job in run["jobs"] if job["job"] in run["critical_path"])
    return float(run["critical_seconds"] + added)


def change(before: float, after: float) -> list[str]:
    """Return two numbers, and by how much the second is less, as cells."""
    less = f"{100 * (1 - after / before):.0f} %" if before else "-"
    return [f"{before:.1f}", f"{after:.1f}", less]


def summary(before: Document, after: Document) -> str:
    """Return the table of the sums."""
    others = [name for name in SOURCES if name != BASE]
    rows: list[tuple[str, Callable[[Document], float]]] = [
        ("MB fetched, pull request opened", lambda one: megabytes(opened(one))),
        ("… besides base images", lambda one: megabytes(opened(one), *others)),
        ("… on machines just started, one for each job", lambda one: on_new_machines(one, opened(one))),
        ("MB fetched, another push", lambda one: megabytes([pushed_again(one)])),
        ("… besides base images", lambda one: megabytes([pushed_again(one)], *others)),
        ("… on machines just started, one for each job", lambda one: on_new_machines(one, [pushed_again(one)])),
        ("MB fetched, both together", lambda one: megabytes(one["runs"])),
        ("MB that a machine fetches when it starts, once for all its jobs", started),
        ("MB of images pushed, another push", lambda one: megabytes([pushed_again(one)], IMAGES, way="pushed")),
        ("seconds of the critical path", lambda one: opened(one)[-1]["critical_seconds"]),
        ("… with what the rehearsal adds", lambda one: with_added(opened(one)[-1])),
        ("seconds of the critical path, another push", lambda one: pushed_again(one)["critical_seconds"]),
        ("… with what the rehearsal adds", lambda one: with_added(pushed_again(one))),
    ]
    return table(["", BEFORE, AFTER, "less"], [[name, *change(of(before), of(after))] for name, of in rows])


def sums(run: Document, key: str) -> dict[str, float]:
    """Return the sums of a run by source, or by what its time was spent on."""
    found: dict[str, float] = {}
    for job in run["jobs"]:
        for name, value in job.get(key, {}).items():
            found[name] = found.get(name, 0) + value
    return found


def parts(before: Document, after: Document, key: str, names: tuple[str, ...], unit: float) -> str:
    """Return a table of one kind of sums of the complete run, before and after."""
    first, second = sums(opened(before)[-1], key), sums(opened(after)[-1], key)
    used = [name for name in names if name in first or name in second]
    rows = [[name, *change(first.get(name, 0) / unit, second.get(name, 0) / unit)] for name in used]
    return table(["", BEFORE, AFTER, "less"], rows)


def jobs(before: Document, after: Document) -> str:
    """Return a table of the jobs of the complete run."""
    first, second = ({job["job"]: job for job in opened(one)[-1]["jobs"]} for one in (before, after))
    rows = []
    for name, job in first.items():
        if job["result"] in cold_report.RESULTS and name in second:
            bytes_of = [sum(one[name].get("fetched", {}).values()) / 1e6 for one in (first, second)]
            rows.append([name, *change(*bytes_of), *change(job["seconds"], second[name]["seconds"])])
    return table(["", "MB before", "MB after", "less", "s before", "s after", "less"], rows)


def page(before: Document, after: Document) -> str:
    """Return the page."""
    return TEXT.format(
        machine=after["machine"],
        before=before["commit"],
        after=after["commit"],
        path=" → ".join(opened(after)[-1]["critical_path"]),
        summary=summary(before, after),
        jobs=jobs(before, after),
        sources=parts(before, after, "fetched", SOURCES, 1e6),
        spent=parts(before, after, "spent", KINDS, 1),
    )


def main() -> None:
    """Measure, or read what was measured, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", nargs="?", metavar="BEFORE", help="commit whose pipeline is compared with this one")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the results there, as JSON")
    parser.add_argument("--from", dest="kept", type=Path, metavar="FOLDER", help="write the page from kept results")
    options = parser.parse_args()
    if (options.before is None) == (options.kept is None):
        parser.error("either BEFORE or --from is needed")
    if options.kept is None:
        before, after = compare(options.before, options.keep)
    else:
        before, after = (json.loads((options.kept / f"{name}.json").read_text("utf-8")) for name in (BEFORE, AFTER))
    PAGE.write_text(page(before, after), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


TEXT = """\
<!-- Generated by `python -m benchmarks.pipeline`; do not edit. -->
# What a pull request costs on cold machines

Measured by `uv run python -m benchmarks.pipeline BEFORE` on {machine}.
Before is the pipeline at {before}, after the one at {after}.

Each job has empty caches and a Docker daemon of its own, which has what its machine keeps, as
[`rnd rehearse --cold`](../how-to/rehearse.md#with-cold-machines) gives it. Jobs run one at a time, so the critical path
adds up the seconds of its jobs: {path}.
Not in the seconds is what the rehearsal adds and a real machine does not: starting and deleting the job's Docker
daemon, and copying the actions into the container before and after each step, where a runner mounts them.
The files of jobs and daemons are on the file system that is named above: unpacking base images creates many files,
which takes long on the disk of this machine, before and after, and hides the rest.

A repository that has released a version, and has only the template's dependencies, gets a pull request with one commit.
The first run sets the version and starts the second one, which is complete. Then one more commit is pushed, which
changes the code and not the lock file.

## Sums

{summary}
Base images are the image that jobs run in, and the one that the image of the repository is built on. Before, each job
in a container pulled them. Now a machine [keeps them](../decisions/0028-machines-keep-base-images.md): the sums are
those of jobs on machines that run already, whose image of the runner is as new as the base images. A machine fetches
them when it starts and after each new build of a base image, which is weekly; a machine that is always on serves all
jobs of a week. The rows about machines just started are the other end: each job in a container is the first one of
its machine. It holds for repositories with the default Python version; jobs of another one pull their image as
before.

## The complete run, by job

{jobs}
## The complete run, by source

In MB fetched.

{sources}
## The complete run, by what the time is spent on

In seconds, of all jobs.

{spent}
`toolkit` is uv and the environment of the central actions, until their command starts. Other programs use this machine,
so seconds vary more than bytes. PyPI is a mirror. The image that jobs run in is made from Debian's packages here; the
real one also has the AWS CLI and buildx.
"""

if __name__ == "__main__":
    main()

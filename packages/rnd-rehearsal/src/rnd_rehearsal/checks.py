"""Reports runs to the fake GitHub, and their jobs as check runs under the names that GitHub gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import workflow_runs
from rnd_rehearsal import workflows
from rnd_rehearsal.rest import Caller
from rnd_rehearsal.runs import DONE

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.workflows import Result


def report(hub: FakeGitHub, run: Run, status: str, conclusion: str | None = None) -> None:
    """Report the status of a run: "queued", "in_progress" or "completed"."""
    head, attempt = run.head, run.attempt
    workflow_runs.report(
        hub, run.id, run.path, run.event, head=head, status=status, conclusion=conclusion, attempt=attempt
    )


def conclusion(run: Run) -> str:
    """Return how a run that is over has ended, in GitHub's words."""
    if run.is_cancelled():
        return "cancelled"
    if run.refusal is not None:
        return "startup_failure"
    verdicts = {job.result.verdict for job in run.jobs.values() if job.result is not None}
    return "success" if verdicts <= DONE else "failure"


def _name(run: Run, job: Job, level: int | None = None) -> str:
    """Return the name of a job's check: those of the jobs that call its workflow, then its own; up to a level."""
    place = run.places[job.id]
    levels = list(enumerate(place.levels))[: None if level is None else level + 1]
    names = [
        workflows.evaluate(str(one.written.get("name", one.job)), run.contexts_of(place, number))
        for number, one in levels
    ]
    return " / ".join(names)


def _caller(hub: FakeGitHub, run: Run) -> Caller:
    return Caller(hub.api_url, hub.workflow_token(run.repository, {"checks": "write"}))


def begin(hub: FakeGitHub, run: Run, job: Job) -> None:
    """Report that a job has begun."""
    job.check = _create(_caller(hub, run), run, {"name": _name(run, job), "status": "in_progress"})


def end(hub: FakeGitHub, run: Run, job: Job, result: Result) -> None:
    """Report how a job has ended."""
    body = {"status": "completed", "conclusion": result.verdict}
    _caller(hub, run).ask("PATCH", f"/repos/{run.repository}/check-runs/{job.check}", body)


def skipped(hub: FakeGitHub, run: Run, job: Job, level: int) -> None:
    """Report a job that never began; GitHub names it by the caller alone where that is what is skipped."""
    first = run.below(run.places[job.id].ids[: level + 1])[0]
    if first.key == job.id:
        job.check = _create(_caller(hub, run), run, {"name": _name(run, job, level), "conclusion": "skipped"})


def _create(caller: Caller, run: Run, body: dict[str, Any]) -> int:
    where = f"/repos/{run.repository}/check-runs"
    made = caller.ask("POST", where, {"head_sha": run.head, "external_id": str(run.number), **body})
    return int(made["id"])

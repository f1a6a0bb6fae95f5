"""Reports the jobs of a run to the fake GitHub as check runs, under the names that GitHub gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd_rehearsal import workflows
from rnd_rehearsal.rest import Caller

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.workflows import Result


def _names(run: Run, job: Job) -> dict[str, str]:
    written = run.workflow["jobs"][job.id]
    called = run.called.get(workflows.called_workflow(written) or "")
    return workflows.check_names(job.id, {**written, "name": _name(run, job)}, called)


def _name(run: Run, job: Job) -> str:
    """Return the name of a job, with its expressions evaluated."""
    return workflows.evaluate(str(run.workflow["jobs"][job.id].get("name", job.id)), run.name_contexts())


def _caller(hub: FakeGitHub, run: Run) -> Caller:
    return Caller(hub.api_url, hub.workflow_token(run.repository, {"checks": "write"}))


def begin(hub: FakeGitHub, run: Run, job: Job) -> None:
    """Report that a job has begun."""
    caller = _caller(hub, run)
    for inner, name in _names(run, job).items():
        job.checks[inner] = _create(caller, run, {"name": name, "status": "in_progress"})


def end(hub: FakeGitHub, run: Run, job: Job, result: Result, verdicts: dict[str, str]) -> None:
    """Report how a job has ended; `verdicts` are those of the jobs of the workflow that it called."""
    caller = _caller(hub, run)
    for inner, number in job.checks.items():
        own = result.verdict if len(job.checks) == 1 else verdicts.get(inner, result.verdict)
        body = {"status": "completed", "conclusion": own}
        caller.ask("PATCH", f"/repos/{run.repository}/check-runs/{number}", body)


def skipped(hub: FakeGitHub, run: Run, job: Job) -> None:
    """Report a job that never began; GitHub names it by the caller alone where it calls a workflow."""
    job.checks[job.id] = _create(_caller(hub, run), run, {"name": _name(run, job), "conclusion": "skipped"})


def _create(caller: Caller, run: Run, body: dict[str, Any]) -> int:
    where = f"/repos/{run.repository}/check-runs"
    made = caller.ask("POST", where, {"head_sha": run.head, "external_id": str(run.number), **body})
    return int(made["id"])

"""What the OpenID Connect token of a job says that depends on the job. Pure.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.workflow_files import Document


def of_job(run: Run, job: Job) -> dict[str, str]:
    """Return the claims of a job, to which the fake GitHub adds those of its repository."""
    place = run.places[job.id]
    caller, called = place.levels[0].source, place.levels[-1].source
    environment = run.environment_of(place)
    given = run.contexts()["github"]
    return {
        **{name: given[name] for name in ("ref", "sha", "head_ref", "base_ref", "event_name", "actor", "workflow")},
        "run_id": str(run.id),
        "run_number": str(run.id),
        "run_attempt": str(run.attempt),
        "workflow_ref": caller.name,
        "workflow_sha": caller.sha,
        "job_workflow_ref": called.name,
        "job_workflow_sha": called.sha,
        "runner_environment": "github-hosted" if _hosted(place.written) else "self-hosted",
        **({"environment": environment} if environment else {}),
    }


def _hosted(job: Document) -> bool:
    """Return whether a job asks for a machine of GitHub's; every other one has the label `self-hosted`."""
    wanted = job.get("runs-on", "")
    labels = wanted if isinstance(wanted, list) else [wanted]
    return all(str(label).startswith(("ubuntu-", "windows-", "macos-")) for label in labels)

"""What the OpenID Connect token of a job says that depends on the job. Pure.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal import workflows

if TYPE_CHECKING:
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.workflow_files import Document


def of_job(run: Run, job: Job) -> dict[str, str]:
    """Return the claims of a job, to which the fake GitHub adds those of its repository."""
    written = run.workflow["jobs"][job.id]
    path = workflows.called_workflow(written) or run.path
    given = run.contexts()["github"]
    inner = written if path == run.path else next(iter(run.called[path]["jobs"].values()))
    return {
        **{name: given[name] for name in ("ref", "sha", "head_ref", "base_ref", "event_name", "actor", "workflow")},
        "run_id": str(run.number),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "workflow_ref": f"{run.repository}/{run.path}@{given['ref']}",
        "workflow_sha": given["sha"],
        "job_workflow_ref": f"{run.repository}/{path}@{given['ref']}",
        "job_workflow_sha": given["sha"],
        "runner_environment": "github-hosted" if _hosted(inner) else "self-hosted",
        **_environment(inner),
    }


def _environment(job: Document) -> dict[str, str]:
    named = job.get("environment")
    name = named.get("name") if isinstance(named, dict) else named
    return {"environment": str(name)} if name else {}


def _hosted(job: Document) -> bool:
    """Return whether a job asks for a machine of GitHub's; every other one has the label `self-hosted`."""
    wanted = job.get("runs-on", "")
    labels = wanted if isinstance(wanted, list) else [wanted]
    return all(str(label).startswith(("ubuntu-", "windows-", "macos-")) for label in labels)

"""What came out of a rehearsal: runs and their jobs with their times, wheels, tags, releases. Reads a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import git_repository as bare
from rnd_rehearsal import cold_report

if TYPE_CHECKING:
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.sandbox import Sandbox

Document = dict[str, Any]
# How the lines begin that act writes about its own work.
ACT_SAYS = (
    "⭐",
    "✅",
    "❌",
    "🏁",
    "🐳",
    "⚙",
    "LocalRepositoryCache",
    "GoGitActionCache",
    "Cleaning up",
    "Couldn't get a valid",
)
PLACES = ("dev/", "candidate/", "")  # of images
LAST_WORDS = 12  # lines
DIFFERENCES = "What a rehearsal cannot show: docs/rehearsal-differences.md."


def document(name: str, actors: Actors, seconds: float) -> Document:
    """Return the whole of it as plain data."""
    sandbox = actors.sandbox
    hosted = sandbox.hub.state.repository(actors.repository)
    refs = {} if hosted is None else bare.refs(hosted.folder)
    return {
        "scenario": name,
        "succeeded": succeeded(actors),
        "seconds": round(seconds, 1),
        "checks": [{"sentence": check.sentence, "holds": check.holds} for check in actors.checks],
        "runs": [run_document(run, actors.began) for run in sandbox.runner.runs],
        **cold_report.machine_part(sandbox.runner.settings.cold),
        "wheels": dict(sorted({**sandbox.index.content(), **sandbox.development.content()}.items())),
        "images": {f"{place}{tag}": digest for place in PLACES for tag, digest in actors.images(place).items()},
        "tags": {ref.removeprefix("refs/tags/"): sha for ref, sha in refs.items() if ref.startswith("refs/tags/")},
        "releases": [] if hosted is None else [one["tag_name"] for one in hosted.releases.values()],
        "attestations": 0 if hosted is None else len(hosted.attestations),
        "left_out": left_out(sandbox),
        "violations": violations(sandbox),
    }


def succeeded(actors: Actors) -> bool:
    """Return whether every check passed and every request and response is valid."""
    return bool(actors.checks) and all(check.holds for check in actors.checks) and not violations(actors.sandbox)


def violations(sandbox: Sandbox) -> list[str]:
    """Return what was not as GitHub and AWS describe it."""
    images = [] if sandbox.images is None else sandbox.images.registry.violations
    account = sandbox.cloud.account.violations
    return sandbox.hub.violations + sandbox.index.codeartifact.violations + images + account


def left_out(sandbox: Sandbox) -> list[str]:
    """Return what this machine could not show."""
    unvalidated = [sandbox.hub.unvalidated] if sandbox.hub.unvalidated else []
    return unvalidated + sorted({sentence for run in sandbox.runner.runs for sentence in run.left_out})


def run_document(run: Run, began: float) -> Document:
    """Return a run; its times are seconds, its beginning since that of the scenario."""
    cold = any(job.traffic is not None for job in run.jobs.values())
    path = cold_report.slowest_path(run) if cold else critical_path(run)
    spent = cold_report.seconds(path) if cold else sum(job.ended - job.queued for job in path)
    return {
        "workflow": run.name,
        "event": run.event.name,
        "commit": run.head,
        "attempt": run.attempt,
        "conclusion": run.conclusion,
        "refusal": run.refusal,
        "began": round(run.started - began, 1),
        "seconds": round(run.ended - run.started, 1),
        "jobs": [job_document(job) for job in run.jobs.values()],
        "critical_path": [job.id for job in path],
        "critical_seconds": round(spent, 1),
    }


def job_document(job: Job) -> Document:
    """Return a job."""
    return {
        "job": job.id,
        "result": job.result.verdict if job.result else None,
        "waited": round(max(job.started - job.queued, 0), 1),
        "seconds": round(cold_report.seconds([job]), 1),
        "steps": [{"step": name, "seconds": round(spent, 1)} for name, spent in job.steps],
        "last_words": last_words(job),
        **cold_report.job_part(job),
    }


def last_words(job: Job) -> list[str]:
    """Return the end of what a job said that failed, without what act says of itself; nothing of any other."""
    if job.log is None or job.result is None or job.result.verdict != "failure":
        return []
    said = job.log.read_text(encoding="utf-8").splitlines()
    steps = [line for line in said if line.strip() and not line.lstrip().startswith(ACT_SAYS)]
    return steps[-LAST_WORDS:]


def critical_path(run: Run) -> list[Job]:
    """Return the jobs that decided how long a run took: the last to end, and before each what it waited for last."""
    done = {name: job for name, job in run.jobs.items() if job.result is not None and job.result.verdict != "skipped"}
    if not done:
        return []
    path = [max(done.values(), key=lambda job: job.ended)]
    while before := [done[need.key] for need in run.needed(run.places[path[0].id]) if need.key in done]:
        path.insert(0, max(before, key=lambda job: job.ended))
    return path


def results(found: Document) -> list[str]:
    """Return what came out, each thing in a line."""
    paths = [run for run in found["runs"] if run["event"] == "pull_request" and run["conclusion"] == "success"]
    held = sum(check["holds"] for check in found["checks"])
    return [
        *(
            f"critical path of the pull request: {' → '.join(r['critical_path'])}, {r['critical_seconds']} s"
            for r in paths
        ),
        *(f"wheel    {name}  sha256:{digest[:12]}…" for name, digest in found["wheels"].items()),
        *(f"image    {tag}  {digest[:19]}…" for tag, digest in found["images"].items()),
        *(f"tag      {tag} at {sha[:12]}" for tag, sha in found["tags"].items()),
        *(f"release  {tag}" for tag in found["releases"]),
        *(f"differs from its description: {sentence}" for sentence in found["violations"]),
        *([] if found["succeeded"] else failures(found)),
        f"{held} of {len(found['checks'])} expectations hold, after {found['seconds']} s.",
        *(f"  not so: {check['sentence']}" for check in found["checks"] if not check["holds"]),
        *(f"left out: {sentence}" for sentence in found["left_out"]),
        DIFFERENCES,
    ]


def failures(found: Document) -> list[str]:
    """Return what the jobs said last that failed."""
    jobs = [(run, job) for run in found["runs"] for job in run["jobs"] if job["last_words"]]
    refused = [f"{run['workflow']} was not started: {run['refusal']}" for run in found["runs"] if run["refusal"]]
    return refused + [
        line for run, job in jobs for line in (f"{run['workflow']}, job {job['job']}, said last:", *job["last_words"])
    ]


def rows(found: Document) -> list[tuple[str, str, str, str]]:
    """Return the runs and their jobs as rows of a table: what, how it ended, when it began, how long it took."""
    shown = []
    for run in found["runs"]:
        attempt = f", attempt {run['attempt']}" if run["attempt"] > 1 else ""
        shown.append(
            (
                f"{run['workflow']} ({run['event']}{attempt})",
                str(run["conclusion"]),
                f"{run['began']:.1f}",
                f"{run['seconds']:.1f}",
            )
        )
        for job in run["jobs"]:
            mark = "* " if job["job"] in run["critical_path"] else "  "
            shown.append((f"  {mark}{job['job']}", str(job["result"]), "", f"{job['seconds']:.1f}"))
    return shown

"""Runs and their jobs: what is known of each, and the folder that its jobs start from."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event as Signal
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from rnd_rehearsal import workflow_files, workflows
from rnd_rehearsal.workflows import Occasion

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from fake_github.events import Event
    from fake_github.state import Repository
    from rnd_rehearsal.workflow_files import Document
    from rnd_rehearsal.workflows import Result

WORKFLOWS = ".github/workflows"
DONE = {"success", "skipped"}


@dataclass
class Job:
    """A job of a run.

    Attributes:
        id: As its workflow has it.
        checks: The ids of its check runs, by their names.
        result: How it ended; None before.
        steps: Each step's name, with the seconds that it took.
        queued: When all that it needs was done; of a clock that only goes forward.
        started: When a machine took it.
        ended: When it was over.
        log: What was said.
    """

    id: str
    result: Result | None = None
    checks: dict[str, int] = field(default_factory=dict)
    steps: list[tuple[str, float]] = field(default_factory=list)
    queued: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    log: Path | None = None
    process: Popen[str] | None = None


@dataclass
class Run:
    """A run of a workflow.

    Attributes:
        number: Unique in a rehearsal.
        path: The workflow's file.
        workflow: What it says, fitted to this machine.
        called: The workflows that it calls, by their paths, the same.
        event: What set it off.
        folder: The repository at the run's commit, and beside it what its jobs leave.
        head: The commit that its checks are reported on.
        fork: Whether it is for a pull request from a fork.
        attempt: 1, or more where it was run again.
        left_out: What this machine cannot show of it.
        conclusion: "success", "failure" or "cancelled"; None while it goes on.
    """

    number: int
    path: str
    workflow: Document
    called: dict[str, Document]
    event: Event
    folder: Path
    head: str
    fork: bool
    attempt: int = 1
    jobs: dict[str, Job] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    conclusion: str | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    _cancelled: Signal = field(default_factory=Signal)

    def cancel(self) -> None:
        """Request that it ends."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Return whether it was asked to end."""
        return self._cancelled.is_set()

    @property
    def name(self) -> str:
        """The workflow's name."""
        return str(self.workflow.get("name", self.path))

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return self.event.repository

    def contexts(self) -> Document:
        """Return what the expressions outside jobs are about."""
        event = self.event
        pull = event.payload.get("pull_request", {})
        ends = {f"{end}_ref": pull.get(end, {}).get("ref", "") for end in ("head", "base")}
        ref = {"ref": event.ref, "ref_name": event.ref.split("/", 2)[-1], "sha": event.sha}
        run = {"workflow": self.name, "run_id": str(self.number), "repository": event.repository}
        return {
            "github": {**ends, **ref, **run, "event": event.payload, "event_name": event.name, "actor": event.actor}
        }

    def name_contexts(self) -> Document:
        """Return what the expressions in the name of a job can use; see GitHub's "Context availability"."""
        done = {name: {"result": result.verdict, "outputs": result.outputs} for name, result in self.results().items()}
        return {**self.contexts(), "needs": done}

    def ready(self) -> list[str]:
        """Return the jobs that have not begun, and whose needs are done."""
        return [
            name
            for name, job in self.workflow["jobs"].items()
            if name not in self.jobs and all(self._result(need) for need in workflows.needs(job))
        ]

    def _result(self, name: str) -> Result | None:
        return self.jobs[name].result if name in self.jobs else None

    def failed(self) -> list[str]:
        """Return the jobs that failed."""
        return [name for name, result in self.results().items() if result.verdict == "failure"]

    def results(self) -> dict[str, Result]:
        """Return how the jobs ended that are done."""
        return {name: job.result for name, job in self.jobs.items() if job.result is not None}


def occasion_of(event: Event) -> Occasion:
    """Return what an event is to the triggers of workflows."""
    base = event.payload.get("pull_request", {}).get("base", {}).get("ref", "")
    return Occasion(event.name, event.action, event.ref, base)


def workflows_at(repository: Repository, sha: str) -> dict[str, Document]:
    """Return the workflows that a commit has, by their paths."""
    said = bare.attempt(repository.folder, "ls-tree", "--name-only", "--full-tree", sha, f"{WORKFLOWS}/") or ""
    paths = [path for path in said.splitlines() if path.endswith((".yml", ".yaml"))]
    return {path: workflow_files.load(bare.run(repository.folder, "show", f"{sha}:{path}")) for path in paths}


def check_out(repository: Repository, sha: str, folder: Path, fitted: dict[str, Document]) -> None:
    """Put a repository at a commit into a folder, with its workflows as this machine can run them."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    bare.run(folder.parent, "clone", "--quiet", "--shared", "--no-checkout", str(repository.folder), str(folder))
    bare.run(folder, "checkout", "--quiet", "--detach", sha)
    for path, document in fitted.items():
        (folder / path).write_text(workflow_files.dump(document), encoding="utf-8")


def used_by_actions(repository: Repository) -> set[str]:
    """Return the actions that the composite actions in a repository use, at its default branch."""
    listed = bare.attempt(repository.folder, "ls-tree", "-r", "--name-only", "--full-tree", repository.default_branch)
    files = [path for path in (listed or "").splitlines() if path.endswith(("/action.yml", "/action.yaml"))]
    found: set[str] = set()
    for path in files:
        document = workflow_files.load(bare.run(repository.folder, "show", f"{repository.default_branch}:{path}"))
        found |= workflow_files.actions_of(document)
    return found

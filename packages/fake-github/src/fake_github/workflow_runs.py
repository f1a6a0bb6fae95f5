"""Runs of workflows; the fake GitHub runs nothing itself, so what does has to report them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github.clock import now

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.records import Event
    from fake_github.state import Document, Repository

FOLDER = ".github/workflows"


def report(
    hub: Hub,
    number: int,
    path: str,
    event: Event,
    *,
    head: str,
    status: str,
    conclusion: str | None = None,
    attempt: int = 1,
) -> None:
    """Report how a run is; the first report of an attempt begins it.

    Args:
        hub: Where.
        number: The id of the run, which its attempts share.
        path: The file of the workflow.
        event: What started the run.
        head: The commit that the run is for.
        status: "queued", "in_progress" or "completed".
        conclusion: How a completed one ended.
        attempt: 1, or more where it was run again.
    """
    with hub.lock:
        repository = hub.state.repository(event.repository)
        if repository is None:
            return
        kept = repository.workflow_runs.get(number)
        if kept is None or kept["run_attempt"] != attempt:
            kept = _begin(hub, repository, (number, path), event, head) | ({} if kept is None else _lasting(kept))
            repository.workflow_runs[number] = kept
        kept |= {"status": status, "conclusion": conclusion, "run_attempt": attempt, "updated_at": now()}


def _lasting(kept: Document) -> Document:
    return {name: kept[name] for name in ("run_number", "created_at")}


def _begin(hub: Hub, repository: Repository, run: tuple[int, str], event: Event, head: str) -> Document:
    number, path = run
    pull = event.payload.get("pull_request", {})
    moment = now()
    return {
        "id": number,
        "path": path,
        "name": name_of(repository, path, event.sha),
        "workflow_id": workflow_id(repository, path),
        "run_number": 1 + sum(one["path"] == path for one in repository.workflow_runs.values()),
        "event": event.name,
        "actor": hub.state.account(event.actor),
        "head_branch": pull["head"]["ref"] if pull else event.ref.split("/", 2)[-1],
        "head_sha": head,
        "display_title": pull["title"] if pull else bare.commit(repository.folder, head).message.partition("\n")[0],
        "created_at": moment,
        "run_started_at": moment,
    }


def workflow_id(repository: Repository, path: str) -> int:
    """Return the id of a workflow, which is that of its file."""
    return int(hashlib.sha256(f"{repository.id}:{path}".encode()).hexdigest()[:7], 16)


def name_of(repository: Repository, path: str, commit: str) -> str:
    """Return the name of a workflow at a commit: what it says, or else its path."""
    text = bare.attempt(repository.folder, "show", f"{commit}:{path}") or ""
    said = re.search(r"^name:[ \t]*(.+?)[ \t]*$", text, re.MULTILINE)
    return path if said is None else said[1].strip("\"'")


def workflows(repository: Repository) -> dict[int, str]:
    """Return the workflows of the default branch: the path of each, by its id."""
    there = bare.resolve(repository.folder, repository.default_branch)
    said = there and bare.attempt(repository.folder, "ls-tree", "--name-only", "--full-tree", there, f"{FOLDER}/")
    paths = [path for path in (said or "").splitlines() if path.endswith((".yml", ".yaml"))]
    return {workflow_id(repository, path): path for path in paths}

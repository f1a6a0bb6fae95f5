"""The workflow files of a repository on the fake GitHub, those that they call, and the actions that these use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from rnd_rehearsal import calls, workflow_files, workflows
from rnd_rehearsal.calls import CallRefused, Source
from rnd_rehearsal.workflows import Occasion

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github import FakeGitHub
    from fake_github.records import Event
    from fake_github.state import Repository
    from rnd_rehearsal.workflow_files import Document


WORKFLOWS = ".github/workflows"


def started_by(repository: Repository, event: Event) -> dict[str, Document]:
    """Return the workflows that an event starts, by their paths."""
    base = event.payload.get("pull_request", {}).get("base", {}).get("ref", "")
    occasion = Occasion(event.name, event.action, event.ref, base)
    found = workflows_at(repository, event.sha)
    return {path: workflow for path, workflow in found.items() if workflows.starts(workflow, occasion)}


def workflows_at(repository: Repository, sha: str) -> dict[str, Document]:
    """Return the workflows that a commit has, by their paths."""
    said = bare.attempt(repository.folder, "ls-tree", "--name-only", "--full-tree", sha, f"{WORKFLOWS}/") or ""
    paths = [path for path in said.splitlines() if path.endswith((".yml", ".yaml"))]
    return {path: workflow_files.load(bare.run(repository.folder, "show", f"{sha}:{path}")) for path in paths}


def check_out(repository: Repository, sha: str, folder: Path) -> None:
    """Put a repository at a commit into a folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    bare.run(folder.parent, "clone", "--quiet", "--shared", "--no-checkout", str(repository.folder), str(folder))
    bare.run(folder, "checkout", "--quiet", "--detach", sha)


def find_called(hub: FakeGitHub, source: Source, uses: str) -> tuple[Source, Document]:
    """Return the workflow that a job calls, and where it is.

    Raises:
        CallRefused: There is none, or the caller's repository may not use it.
    """
    name, path, ref = calls.target(source, uses)
    repository = hub.state.repository(name)
    if repository is None or not _may_use(source.repository, repository):
        raise CallRefused(f"{uses}: the workflow was not found; is {name} shared with {source.repository}?")
    at = Source(name, path, source.ref, source.sha) if ref is None else _resolve(repository, path, ref)
    text = bare.attempt(repository.folder, "show", f"{at.sha}:{path}")
    if text is None:
        raise CallRefused(f"{uses}: the workflow was not found; {at.sha[:12]} has no {path}.")
    return at, workflow_files.load(text)


def _resolve(repository: Repository, path: str, ref: str) -> Source:
    """Return where a ref leads to: a branch, a tag of no branch's name, or a commit."""
    refs = bare.refs(repository.folder)
    full = next((one for one in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if one in refs), ref)
    sha = bare.resolve(repository.folder, refs.get(full, ref))
    if sha is None:
        raise CallRefused(f"{repository.full_name} has no branch, tag or commit {ref}.")
    return Source(repository.full_name, path, full, sha)


def _may_use(caller: str, repository: Repository) -> bool:
    """Return whether the workflows of a repository may be called from another one.

    https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/enabling-features-for-your-repository/managing-github-actions-settings-for-a-repository
    """
    if caller == repository.full_name or not repository.private:
        return True
    level = repository.actions.get("access", {}).get("access_level", "none")
    same_owner = caller.partition("/")[0].lower() == repository.full_name.partition("/")[0].lower()
    return level in {"organization", "enterprise"} and same_owner


def used_by_actions(repository: Repository) -> frozenset[str]:
    """Return the actions that the composite actions in a repository use, at its default branch."""
    commit = bare.refs(repository.folder).get(f"refs/heads/{repository.default_branch}")
    return frozenset() if commit is None else _used_at(repository.folder, commit)


@cache
def _used_at(folder: Path, commit: str) -> frozenset[str]:
    listed = bare.run(folder, "ls-tree", "-r", "--name-only", "--full-tree", commit)
    files = [path for path in listed.splitlines() if path.endswith(("/action.yml", "/action.yaml"))]
    documents = [workflow_files.load(bare.run(folder, "show", f"{commit}:{path}")) for path in files]
    return frozenset().union(*map(workflow_files.actions_of, documents))

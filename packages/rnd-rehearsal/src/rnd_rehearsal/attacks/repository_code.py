"""Attacks by code that runs in a job: I1. It takes whatever its job can ask for, since it shares the job's machine.

A process of the job can read the environment of the others (`/proc`), so each attempt has the request token of its job.
"""

from __future__ import annotations

import json
import re
from itertools import product
from typing import TYPE_CHECKING

from rnd_rehearsal import workflow_files, workflows
from rnd_rehearsal.attacks.matrix import Refused, attack

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena
    from rnd_rehearsal.workflow_files import Document

# The jobs that run code of the repository: what that code is, and the workflow of the job.
CODE = {
    "a test or a hook": "python_lint_and_test.yml",
    "the build backend": "push_python_package.yml",
    "the Dockerfile or docker/build.py": "build_and_push_docker_image.yml",
}
WANTED = {
    "the release identity": {"identity": "release"},
    "the release app's token": {"github": "release"},
    "the version app's token": {"github": "version"},
}


def _ask(code: str, kind: str, wanted: str) -> None:
    """Declare the attempt of some code to get something that could write a release, a protected ref or a branch."""

    def act(arena: Arena) -> object:
        ref = {"pull": "refs/pull/1/merge", "main": "refs/heads/main"}[kind]
        job = arena.job(kind, job_workflow_ref=f"{arena.victim}/.github/workflows/{CODE[code]}@{ref}")
        return arena.call({**WANTED[wanted], "token": arena.token(job)})

    place = {"pull": "of a pull request", "main": "of main"}[kind]
    attack("I1", "dependency", way=f"asks for {wanted} from {code} in a job {place}")(act)


for _code, _kind, _wanted in product(CODE, ("pull", "main"), WANTED):
    _ask(_code, _kind, _wanted)


def _other(code: str, identity: str, kind: str) -> None:
    """Declare the attempt of tests to get an identity that only the job of an image or a package has."""

    def act(arena: Arena) -> object:
        ref = {"pull": "refs/pull/1/merge", "main": "refs/heads/main"}[kind]
        job = arena.job(kind, job_workflow_ref=f"{arena.victim}/.github/workflows/{CODE[code]}@{ref}")
        return arena.identity(identity, job)

    attack("I1", "dependency", way=f"asks for the {identity} identity from {code}")(act)


_other("a test or a hook", "candidate", "main")
_other("a test or a hook", "development", "pull")
_other("the build backend", "candidate", "main")


def _jobs(arena: Arena) -> list[tuple[str, Document, Document]]:
    """Return each job of the repository's workflows that runs steps on a machine for its code: name, workflow, job.

    Raises:
        LookupError: They are not in the workflows of `CODE`, so that the attempts above miss one.
    """
    trusted, found = set(arena.organisation.runners.trusted), []
    for file in sorted((arena.actors.folder / ".github" / "workflows").glob("*.yml")):
        workflow = workflow_files.load(file.read_text(encoding="utf-8"))
        for name, job in workflow["jobs"].items():
            if "steps" in job and not trusted & set(workflow_files.as_list(job["runs-on"])):
                found.append((f"{file.name}: {name}", workflow, job))
    if {name.partition(":")[0] for name, _, _ in found} != set(CODE.values()):
        raise LookupError(f"These jobs run code of the repository: {[name for name, _, _ in found]}.")
    return found


@attack("I1", "dependency")
def writing_token(arena: Arena) -> object:
    """Finds a job that runs its code with a token of GitHub that can write."""
    found = [
        name
        for name, workflow, job in _jobs(arena)
        for permission, level in workflows.permissions([workflow, job], fork=False).items()
        if level == "write" and permission not in {"id-token", "attestations"}
    ]
    if not found:
        raise Refused("workflows: permissions")
    return found


@attack("I1", "dependency")
def environment(arena: Arena) -> object:
    """Finds a job that runs its code in an environment."""
    found = [name for name, _, job in _jobs(arena) if job.get("environment")]
    if not found:
        raise Refused("workflows: no environment")
    return found


@attack("I1", "dependency")
def stored_secret(arena: Arena) -> object:
    """Finds a job that runs its code and reads a secret."""
    found = [name for name, _, job in _jobs(arena) if re.search(r"secrets\.(?!GITHUB_TOKEN)", json.dumps(job))]
    if not found:
        raise Refused("workflows: no secret")
    return found

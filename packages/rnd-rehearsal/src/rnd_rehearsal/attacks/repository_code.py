"""Attacks by code that runs in a job: I1. It takes whatever its job can ask for, since it shares the job's machine.

A process of the job can read the environment of the others (`/proc`), so each attempt has the request token of its job.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from rnd_rehearsal.attacks.matrix import attack

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena

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

"""What a job finds where it runs: its token, its environment, its secrets, and the fakes for others' actions."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fake_github import deployments
from rnd_rehearsal import act, calls, claims, hosted_workflows, step_faults, workflow_files
from rnd_rehearsal.artifacts import TOKEN, Artifacts

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from fake_github import FakeGitHub
    from rnd_rehearsal.calls import Place
    from rnd_rehearsal.cold import Cold
    from rnd_rehearsal.containers import Containers
    from rnd_rehearsal.downloads import Downloads
    from rnd_rehearsal.runs import Job, Run
    from rnd_rehearsal.step_faults import StepFaults

TOKENS = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKEN}  # of a job, and in no log
FAKES = Path(__file__).parent / "fakes"


@dataclass
class Settings:
    """What jobs find.

    Attributes:
        environment: In their environment; no secret.
        secrets: In the `secrets` context.
        environment_secrets: The same for the jobs of an environment, by its name; they take precedence.
        variables: In the `vars` context.
        aws: What a job that may ask for an OIDC token finds in its environment, to exchange it for.
        containers: Where a job's `container` runs; None where jobs run on this machine itself.
        left_out: Actions that this machine cannot run, each by the end of its name, with the reason.
        machines: How many jobs run at the same time.
        faults: Lets each step fail once, where it is given.
        artifacts: What jobs keep for later ones of their run.
        cold: Gives each job a machine of its own, and counts what it fetches; None where all jobs share this one.
        python: The program that runs the fakes of actions.
    """

    environment: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    environment_secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict)
    aws: dict[str, str] = field(default_factory=dict, repr=False)
    containers: Containers | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    machines: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))
    faults: StepFaults | None = None
    artifacts: Artifacts = field(default_factory=Artifacts)
    cold: Cold | None = None
    python: str = sys.executable


@contextmanager
def machine(settings: Settings, run: Run, job: Job) -> Generator[Settings]:
    """Yield the settings of a job's machine: by default, the one that all jobs share."""
    if settings.cold is None:
        yield settings
        return
    with settings.cold.machine(settings.environment, settings.containers, run, job) as (environment, containers):
        yield replace(settings, environment=environment, containers=containers)


def make_task(hub: FakeGitHub, settings: Settings, downloads: Downloads, run: Run, job: Job) -> act.Task:
    """Return what act is to run for a job."""
    place = run.places[job.id]
    granted = calls.granted(place, fork=run.fork)
    token = hub.workflow_token(run.repository, {k.replace("-", "_"): v for k, v in granted.items()})
    of_environment = settings.environment_secrets.get(run.environment_of(place), {})
    hidden = {} if run.fork else settings.secrets | of_environment
    variables = environment(hub, settings, run, job, granted)
    variables |= settings.artifacts.admit(run.id, run.attempt)
    tokens = {name: value for name, value in variables.items() if name in TOKENS}
    task = act.Task(
        folder=run.folder / "repository",
        workflows=[],
        event=run.event.name,
        payload=run.event.payload,
        actor=run.event.actor,
        environment=variables | step_faults.environment(settings.faults, run.path, place.ids[0]),
        secrets={**hidden, **settings.aws, **tokens, "GITHUB_TOKEN": token},
        variables={} if run.fork else settings.variables,
        replaced=downloads.find(hub, workflow_files.actions_of({"jobs": {"": place.written}}), token) | fakes(hub, run),
        place=run.folder / f"act-{job.id.replace('/', '-')}",
        containers=settings.containers if "container" in place.written else None,
    )
    task.workflows.extend(calls.documents(place, run.results, lambda level: f"./{task.called(level)}"))
    return task


def refusal(hub: FakeGitHub, run: Run, place: Place) -> str | None:
    """Return why a job may not use its environment, or None if it may."""
    repository = hub.state.repository(run.repository)
    environment = run.environment_of(place)
    if repository is None or not environment:
        return None
    return deployments.refusal(repository, environment, run.event.ref)


def environment(hub: FakeGitHub, settings: Settings, run: Run, job: Job, granted: Mapping[str, str]) -> dict[str, str]:
    """Return what every step of a job finds in its environment."""
    given = run.contexts()["github"]
    named = {
        "GITHUB_SERVER_URL": hub.url,
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_REPOSITORY": run.repository,
        "GITHUB_REF": given["ref"],
        "GITHUB_RUN_ID": str(run.id),
        "GITHUB_RUN_NUMBER": str(run.id),
        "GITHUB_RUN_ATTEMPT": str(run.attempt),
        "RND_REHEARSAL_PYTHON": settings.python,
    }
    if granted.get("id-token") != "write" or run.fork:
        return {**settings.environment, **named}
    return {**settings.environment, **named, **settings.aws, **hub.id_tokens(run.repository, claims.of_job(run, job))}


def fakes(hub: FakeGitHub, run: Run) -> dict[str, Path]:
    """Return the fakes, at every ref at which an action is used here or in the central actions."""
    documents = [workflow for place in run.places.values() for workflow in place.workflows]
    used = set().union(*map(workflow_files.actions_of, documents))
    used |= _central_actions(hub)
    found = {}
    for action in used:
        name, _, ref = action.partition("@")
        folder = FAKES / Path(*name.split("/")[:2])
        if folder.is_dir():
            found["/".join(name.split("/")[:2]) + f"@{ref}"] = folder
    return found


def _central_actions(hub: FakeGitHub) -> set[str]:
    """Return the actions that the actions in the fake GitHub's own repositories use."""
    found: set[str] = set()
    for repository in list(hub.state.repositories.values()):
        found |= hosted_workflows.used_by_actions(repository)
    return found

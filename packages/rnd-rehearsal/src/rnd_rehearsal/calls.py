"""Jobs that call workflows, of the same repository or of another one: flattened into jobs that run by themselves.

A called workflow may call further ones. Each of its jobs is run alone, so that it has its own permissions, its own
environment and its own start, as on GitHub. Pure; touches nothing.
https://docs.github.com/actions/how-tos/reuse-automations/reuse-workflows
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd_rehearsal import single_job, workflows
from rnd_rehearsal.workflows import NotKnown, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rnd_rehearsal.workflow_files import Document
    from rnd_rehearsal.workflows import Result

DEEPEST = 10  # levels of workflows; https://docs.github.com/actions/reference/workflows-and-actions/reusing-workflow-configurations
SAME_FOLDER = re.compile(r"(?:\./|\$/)(\.github/workflows/[^/@]+\.ya?ml)")
ELSEWHERE = re.compile(r"([^/@]+/[^/@]+)/(\.github/workflows/[^/@]+\.ya?ml)@(.+)")


class CallRefused(ValueError):
    """GitHub starts no job of such a run: a called workflow does not exist, or asks for more than its caller may."""


@dataclass(frozen=True)
class Source:
    """Where a workflow was read.

    Attributes:
        repository: Its full name.
        path: The file.
        ref: As GitHub's OIDC tokens name it, such as `refs/heads/v1`.
        sha: The commit.
    """

    repository: str
    path: str
    ref: str
    sha: str

    @property
    def name(self) -> str:
        """The name of the workflow in GitHub's OIDC tokens."""
        return f"{self.repository}/{self.path}@{self.ref}"


@dataclass(frozen=True)
class Level:
    """A job in the workflow that it is written in."""

    source: Source
    workflow: Document
    job: str

    @property
    def written(self) -> Document:
        """What the workflow says of the job."""
        found: Document = self.workflow["jobs"][self.job]
        return found


@dataclass(frozen=True)
class Place:
    """A job that runs: of the workflow that an event started, or of one that is called from there, at any depth."""

    levels: tuple[Level, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the calling jobs, and of the job itself."""
        return tuple(level.job for level in self.levels)

    @property
    def key(self) -> str:
        """What no other job of the run has."""
        return "/".join(self.ids)

    @property
    def written(self) -> Document:
        """What its workflow says of it."""
        return self.levels[-1].written

    @property
    def workflows(self) -> list[Document]:
        """The workflows on the way to it."""
        return [level.workflow for level in self.levels]


def flatten(
    source: Source, workflow: Document, find: Callable[[Source, str], tuple[Source, Document]]
) -> dict[str, Place]:
    """Return the jobs that run for a workflow, by their keys.

    Args:
        source: Where it was read.
        workflow: What it says.
        find: Returns what a `uses` of a workflow leads to.

    Raises:
        CallRefused: GitHub would start no job.
    """
    return {place.key: place for place in _below((), source, workflow, find)}


def _below(
    above: tuple[Level, ...],
    source: Source,
    workflow: Document,
    find: Callable[[Source, str], tuple[Source, Document]],
) -> Iterator[Place]:
    for job, written in workflow.get("jobs", {}).items():
        levels = (*above, Level(source, workflow, job))
        if "uses" not in written:
            yield Place(levels)
            continue
        if len(levels) >= DEEPEST:
            raise CallRefused(f"{source.path}: job {job} calls a workflow more than {DEEPEST} levels deep.")
        at, called = find(source, written["uses"])
        if "workflow_call" not in workflows.triggers(called):
            raise CallRefused(f"{at.path} cannot be called: `on` lacks `workflow_call`.")
        _check_inputs(job, written, at, called)
        _check_secrets(job, written, at, called)
        _check_permissions((*levels, Level(at, called, "")))
        yield from _below(levels, at, called, find)


def inputs_of(called: Document) -> Document:
    """Return the inputs that a workflow declares for its callers."""
    declared: Document = (workflows.triggers(called)["workflow_call"] or {}).get("inputs") or {}
    return declared


def secrets_of(called: Document) -> Document:
    """Return the secrets that a workflow declares for its callers."""
    declared: Document = (workflows.triggers(called)["workflow_call"] or {}).get("secrets") or {}
    return declared


def _check_secrets(job: str, written: Document, at: Source, called: Document) -> None:
    """Refuse secrets passed by name as GitHub does; `inherit` passes those that the called workflow reads."""
    given, declared = written.get("secrets") or {}, secrets_of(called)
    if given == "inherit":
        return
    for name in sorted(set(given) - set(declared)):
        raise CallRefused(f"Job {job} passes the secret {name}, which {at.path} does not define.")
    for name, one in declared.items():
        if (one or {}).get("required") and name not in given:
            raise CallRefused(f"Job {job} lacks the secret {name}, which {at.path} requires.")


def _check_inputs(job: str, written: Document, at: Source, called: Document) -> None:
    given, declared = set(written.get("with") or {}), inputs_of(called)
    for name in sorted(given - set(declared)):
        raise CallRefused(f"Job {job} passes the input {name}, which {at.path} does not define.")
    for name, one in declared.items():
        if one.get("required") and name not in given:
            raise CallRefused(f"Job {job} lacks the input {name}, which {at.path} requires.")


def _check_permissions(levels: tuple[Level, ...]) -> None:
    """Refuse a called workflow that asks for more than its caller may; GitHub does, before anything starts."""
    *above, last = levels
    allowed = granted(Place(tuple(above)), fork=False)
    holders = [last.workflow, *last.workflow.get("jobs", {}).values()]
    for holder in holders:
        given = holder.get("permissions")
        for name, level in given.items() if isinstance(given, dict) else ():
            if workflows.least(level, allowed.get(name)) != level:
                most = allowed.get(name, "none")
                raise CallRefused(f"{last.source.path} asks for `{name}: {level}`, and may get `{name}: {most}`.")


def granted(place: Place, *, fork: bool) -> dict[str, str]:
    """Return what the token of a job may do: at each level no more than at the one above."""
    holders = [holder for level in place.levels for holder in (level.workflow, level.written)]
    return workflows.permissions(holders, fork=fork)


def documents(
    place: Place, done: Callable[[tuple[str, ...]], Mapping[str, Result]], path: Callable[[int], str]
) -> list[Document]:
    """Return the workflows that run one job alone, the outermost first; each calls the next one.

    Args:
        place: Of the job.
        done: Returns the results of the jobs below some calling jobs, by their ids.
        path: Returns where the workflow of a level is put, as a job names it.
    """
    made = []
    for number, level in enumerate(place.levels):
        alone = single_job.alone(level.workflow, level.job, done(place.ids[:number]), number)
        if number + 1 < len(place.levels):
            alone["jobs"][level.job] = {**alone["jobs"][level.job], "uses": path(number + 1)}
        if number:
            alone["on"] = {
                "workflow_call": {"inputs": inputs_of(level.workflow), "secrets": secrets_of(level.workflow)}
            }
        made.append(alone)
    return made


def contexts(place: Place, number: int, github: Document, done: Callable[[tuple[str, ...]], Document]) -> Document:
    """Return what the expressions of a level can use outside of steps.

    Args:
        place: Of the job.
        number: Of the level.
        github: The context `github`.
        done: Returns the `needs` of the jobs below some calling jobs.
    """
    found: Document = {"github": github, "needs": done(place.ids[:number])}
    if number:
        above = contexts(place, number - 1, github, done)
        found["inputs"] = _inputs(place.levels[number - 1].written, place.levels[number].workflow, above)
    return found


def _inputs(caller: Document, called: Document, above: Document) -> Document:
    given = caller.get("with") or {}
    found: Document = {}
    for name, declared in inputs_of(called).items():
        value = given.get(name, declared.get("default", ""))
        try:
            found[name] = workflows.evaluate(value, above) if isinstance(value, str) else value
        except NotKnown as error:
            found[name] = Unknown(str(error))
    return found


def outputs(called: Document, jobs: Document) -> dict[str, str]:
    """Return the outputs of a called workflow, of those of its jobs."""
    declared = (workflows.triggers(called)["workflow_call"] or {}).get("outputs") or {}
    return {name: workflows.evaluate(str(one["value"]), {"jobs": jobs}) for name, one in declared.items()}


def target(source: Source, uses: str) -> tuple[str, str, str | None]:
    """Return the repository, the path and the ref that a call names; no ref where it is the caller's own commit.

    Raises:
        CallRefused: It is not written as GitHub wants it.
    """
    if same := SAME_FOLDER.fullmatch(uses):
        return source.repository, same[1], None
    if elsewhere := ELSEWHERE.fullmatch(uses):
        return elsewhere[1], elsewhere[2], elsewhere[3]
    raise CallRefused(f"{source.path}: {uses} names no workflow.")

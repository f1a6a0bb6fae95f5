"""Whether a pull request may be merged, as far as its pipeline can say: the one check that `main` requires. Pure.

GitHub takes a job that was skipped for one that succeeded. So the gate looks at every job, and lets a skipped one pass
for one reason alone: the version job has pushed a commit, and the run of that commit does the work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDED_OVER = "handed-over"
SETTLED = "settled"
VERSION = "version"  # the job that pushes the commit to report on


class Job(TypedDict):
    """What the `needs` context has of a job.

    See https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#needs-context.

    Attributes:
        result: How it ended.
        outputs: What it said, by name.
    """

    result: Literal["success", "failure", "cancelled", "skipped"]
    outputs: dict[str, str]


@dataclass(frozen=True)
class Finding:
    """What the gate makes of one job.

    Attributes:
        job: Its name.
        passes: Whether it keeps nothing from being merged.
        reason: Why, in a few words.
    """

    job: str
    passes: bool
    reason: str


def judge(needs: Mapping[str, Job]) -> list[Finding]:
    """Return what the gate makes of each job, in their order."""
    handed_over = is_handed_over(needs)
    return [_judge(name, job, handed_over=handed_over) for name, job in needs.items()]


def is_handed_over(needs: Mapping[str, Job]) -> bool:
    """Say whether the work is left to another run, that of the commit that sets the version."""
    return any(job["outputs"].get(HANDED_OVER) == "true" for job in needs.values())


def is_conclusive(needs: Mapping[str, Job]) -> bool:
    """Return whether a run has a result to report: every job ran to its end, the version job with success.

    A run that was cancelled, delegated, or stopped before its version was known has checked nothing for certain.
    """
    if is_handed_over(needs) or any(job["result"] == "cancelled" for job in needs.values()):
        return False
    return all(
        job["result"] == "success" for name, job in needs.items() if name == VERSION or SETTLED in job["outputs"]
    )


def _judge(name: str, job: Job, *, handed_over: bool) -> Finding:
    if job["result"] == "skipped" and handed_over:
        return Finding(name, passes=True, reason="left to the run of the commit that sets the version")
    if job["result"] == "success" and job["outputs"].get(SETTLED) == "false":
        return Finding(
            name, passes=False, reason="pyproject.toml has another version than comes next: `rnd version set`"
        )
    return Finding(name, passes=job["result"] == "success", reason=job["result"])


def read_needs(text: str) -> dict[str, Job]:
    """Return the jobs that a `needs` context in JSON holds.

    Raises:
        UsageError: It is none, or holds no job.
    """
    try:
        needs = json.loads(text)
        jobs = {name: Job(result=job["result"], outputs=dict(job["outputs"] or {})) for name, job in needs.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError("This is no `needs` context of GitHub Actions, in JSON.") from error
    if not jobs:
        raise UsageError("There is no job to look at.", "Give the gate every other job as `needs`.")
    return jobs

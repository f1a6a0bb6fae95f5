"""Decide from job results whether a pull request can merge: the one check that `main` requires. Pure.

GitHub treats a skipped job as successful. The gate therefore checks every job, and accepts a skipped one only if the
version job has pushed a commit, because the run of that commit does the work.
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
    """A job in the `needs` context.

    See https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#needs-context.

    Attributes:
        result: The result of the job.
        outputs: The outputs of the job, by name.
    """

    result: Literal["success", "failure", "cancelled", "skipped"]
    outputs: dict[str, str]


@dataclass(frozen=True)
class Finding:
    """The gate's decision on one job.

    Attributes:
        job: The name of the job.
        passes: Whether the job allows the merge.
        reason: The reason, in a few words.
    """

    job: str
    passes: bool
    reason: str


def judge(needs: Mapping[str, Job]) -> list[Finding]:
    """Return the decision on each job, in order."""
    handed_over = is_handed_over(needs)
    return [_judge(name, job, handed_over=handed_over) for name, job in needs.items()]


def is_handed_over(needs: Mapping[str, Job]) -> bool:
    """Return whether another run does the work: the run of the commit that sets the version."""
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
    """Return the jobs of a `needs` context in JSON.

    Raises:
        UsageError: The text is not a `needs` context, or has no jobs.
    """
    try:
        needs = json.loads(text)
        jobs = {name: Job(result=job["result"], outputs=dict(job["outputs"] or {})) for name, job in needs.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError("The input is not a `needs` context of GitHub Actions in JSON.") from error
    if not jobs:
        raise UsageError("The `needs` context has no jobs.", "List every other job under `needs` of the gate.")
    return jobs

"""The claims of a job's OIDC token: read before STS has verified it, and believed only afterwards. Pure.

The claims: https://docs.github.com/en/actions/reference/security/oidc. The form of the subject, with the numeric ids of
owner and repository: https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

AUDIENCE = "rnd-broker"
LONGEST = 16_384  # characters; GitHub's tokens have about 2,000, and STS accepts 20,000
SUBJECT = re.compile(r"repo:([\w-]+)@(\d+)/([\w.-]+)@(\d+):(.+)", re.ASCII)
# The events for which each identity exists. Events such as `pull_request_target` and `workflow_run` run on the default
# branch for what somebody did elsewhere.
COMMITTED = frozenset({"push", "workflow_dispatch", "schedule"})
EVENTS = {
    "development": COMMITTED | {"pull_request", "merge_group"},
    "candidate": COMMITTED,
    "release": COMMITTED,
    "version": frozenset({"pull_request"}),
}


@dataclass(frozen=True)
class Job:
    """What a token says about a job.

    Attributes:
        owner: The owner of the repository.
        repository: The name of the repository, without its owner.
        repository_id: The numeric id of the repository.
        package: The name of its package and image.
        subject: The subject of the token.
        event: The event that started the run.
        runner: `github-hosted` or `self-hosted`.
        run: The numeric id of the run.
        workflow: The workflow file that the job is written in, as OWNER/NAME/PATH@REF.
    """

    owner: str
    repository: str
    repository_id: str
    package: str
    subject: str
    event: str
    runner: str
    run: str
    workflow: str


def read_claims(token: object) -> dict[str, Any]:
    """Return the claims of a token without verifying it.

    Raises:
        Refused: This is not a JSON Web Token.
    """
    if not isinstance(token, str) or not token:
        raise Refused("invalid-request", "The request has no OIDC token.")
    if len(token) > LONGEST:
        raise Refused("invalid-request", f"The OIDC token has {len(token)} characters; the limit is {LONGEST}.")
    parts = token.split(".")
    try:
        if len(parts) != 3 or not re.fullmatch(r"[\w-]+", parts[1], re.ASCII):
            raise ValueError("not three parts in base64url")
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        if not isinstance(claims, dict):
            raise TypeError("not an object")
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused("invalid-token", "The OIDC token is not a JSON Web Token.") from error
    return claims


def read_job(claims: Mapping[str, Any], configuration: Mapping[str, Any], now: float) -> Job:
    """Return the job that a token belongs to, if its repository can have an identity at all.

    The name of the package is derived from the name of the repository, so a name that is not normalised is refused:
    `lab-a.b` and `lab-a-b` would share a package. Adopted repositories have the package that org.yml names.

    Raises:
        Refused: The token is for somebody else, has expired, or its repository has no package.
    """
    if claims.get("aud") != AUDIENCE:
        raise Refused("invalid-token", f"The audience of the OIDC token is not {AUDIENCE}.")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        raise Refused("expired-token", "The OIDC token has expired. Request a new one and call the broker immediately.")
    found = SUBJECT.fullmatch(str(claims.get("sub")))
    if not found:
        raise Refused(
            "repository-refused",
            "The subject of the OIDC token has no numeric ids, or it is customised. Turn on immutable subjects and use "
            "the default subject: `rnd github check` shows it.",
        )
    owner, owner_id, name, repository_id, _ = found.groups()
    full = f"{owner}/{name}"
    if claims.get("repository") != full or str(claims.get("repository_id")) != repository_id:
        raise Refused("invalid-token", "The claims of the OIDC token contradict its subject.")
    if (owner, owner_id) != (configuration["owner"], configuration["owner_id"]):
        raise Refused("repository-refused", f"{full} does not belong to {configuration['owner']}.")
    if name.lower() in configuration["protected"]:
        raise Refused("repository-refused", f"{full} is a protected name (github.protected_names in org.yml).")
    package = configuration["adopted"].get(name) or _derived_package(name, configuration)
    if package is None:
        raise Refused(
            "repository-refused",
            f"{full} publishes nothing: its name must be {configuration['prefix']}- and then a-z, 0-9 and single -, or "
            "aws.adopted in org.yml must name it.",
        )
    event, runner, run, workflow = (
        str(claims.get(one, "")) for one in ("event_name", "runner_environment", "run_id", "job_workflow_ref")
    )
    return Job(owner, name, repository_id, package, found[0], event, runner, re.sub(r"\D", "", run)[:20], workflow)


def _derived_package(name: str, configuration: Mapping[str, Any]) -> str | None:
    named = re.fullmatch(rf"{re.escape(configuration['prefix'])}(-[a-z0-9]+)+", name)
    return f"{configuration['slug']}-{name}" if named else None


def check_run(job: Job, identity: str, configuration: Mapping[str, Any]) -> None:
    """Check what STS cannot: it has no condition keys for the event and the machine. Call it with verified claims.

    A trust policy cannot compare two claims either, so that a workflow file of the repository itself is checked here.

    Raises:
        Refused: This event, this machine or this workflow cannot have the identity.
    """
    if not job.workflow.startswith((f"{job.owner}/{job.repository}/", f"{configuration['template']}/")):
        raise Refused("not-trusted", "The job is written in a workflow of another repository.")
    if job.event not in EVENTS[identity]:
        raise Refused(
            "event-refused",
            f"The identity {identity} is for {', '.join(sorted(EVENTS[identity]))}, not for {job.event or 'no event'}.",
        )
    wanted = configuration["trusted_runner"]
    if identity in {"release", "version"} and wanted and job.runner != wanted:
        raise Refused(
            "runner-refused",
            f"The identity {identity} is for {wanted} machines, and this one is {job.runner or 'unknown'}. "
            "Set runs-on to runners.trusted of org.yml.",
        )

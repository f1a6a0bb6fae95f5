"""The Lambda function: from a job's OIDC token to credentials for the job's own repository.

The broker contains no cryptography. STS verifies the token: the trust policy of an empty role per identity has the
conditions, and what is not a condition key is checked here, in the same token, after STS has accepted it. Only then
does the broker assume the wide role of the identity, with a session policy that names one repository.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import app_tokens
from .claims import AUDIENCE, Job, check_run, read_claims, read_job
from .refusal import Refused
from .session import MOST_CHARACTERS, as_text, session_policy
from .tools import AWS_ATTEMPTS, TIMEOUT, Tools

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIGURATION = "RND_BROKER"
SECONDS = 3600  # of the credentials: the limit for a role that a role assumes, and enough to push a large image
GITHUB = ("version", "release")  # identities with a token of GitHub
_tools: list[Tools] = []


def handle(event: object, _context: object = None) -> dict[str, Any]:
    """Answer a job; this is what Lambda calls.

    Args:
        event: `{"identity": "development" | "candidate" | "release", "token": JWT}` for AWS credentials, or
            `{"github": "version" | "release", "token": JWT}` for a token of GitHub.

    Returns:
        `{"credentials": {"key_id", "secret", "token", "expires"}}`, `{"github_token", "expires"}`, or
        `{"error": {"code", "message"}}`.
    """
    try:
        configuration = json.loads(os.environ[CONFIGURATION])
        if not _tools:
            _tools.append(_connect(configuration))
    except (KeyError, ValueError, TypeError) as error:
        return _refusal(Refused("misconfigured", f"{CONFIGURATION} is missing or invalid: deploy again."), error)
    return answer(event, configuration, _tools[0])


def answer(event: object, configuration: Mapping[str, Any], tools: Tools) -> dict[str, Any]:
    """Answer a job.

    Args:
        event: See `handle`.
        configuration: As `rnd.runners.stack.configuration.broker_configuration` returns it.
        tools: The services.
    """
    try:
        return _answer(event, configuration, tools)
    except Refused as refused:
        return _refusal(refused, refused.__cause__)
    except Exception as error:  # noqa: BLE001 - whatever happens, the job gets an answer without details of AWS
        return _refusal(Refused("internal", "The broker failed. Its log names the error; re-run the job."), error)


def _answer(event: object, configuration: Mapping[str, Any], tools: Tools) -> dict[str, Any]:
    if not isinstance(event, dict) or set(event) not in ({"identity", "token"}, {"github", "token"}):
        raise Refused("invalid-request", 'The request must have "token", and either "identity" or "github".')
    app, identity = event.get("github"), event.get("github", event.get("identity"))
    known = GITHUB if "github" in event else configuration["roles"]
    if not isinstance(identity, str) or identity not in known:
        raise Refused("invalid-request", f"There is no identity {json.dumps(identity)[:80]}.")
    token = event["token"]
    job = read_job(read_claims(token), configuration, tools.now())
    session = f"{job.repository_id}-{job.run or 0}"
    verified = tools.verify(configuration["verify"][identity], token, session)
    if (verified.get("SubjectFromWebIdentityToken"), verified.get("Audience")) != (job.subject, AUDIENCE):
        raise Refused("invalid-token", "STS verified another token than the one that was read.")
    check_run(job, identity, configuration)
    given: dict[str, Any]
    if app is not None:
        given = app_tokens.installation_token(tools, configuration, identity, job)
    else:
        given = {"credentials": _credentials(tools, configuration, identity, job, session)}
    _log({"identity": identity, "github": app, "repository": job.repository, "run": job.run, "answer": "given"})
    return given


def _credentials(
    tools: Tools, configuration: Mapping[str, Any], identity: str, job: Job, session: str
) -> dict[str, str]:
    policy = as_text(session_policy(configuration["place"], identity, job.package))
    if len(policy) > MOST_CHARACTERS:
        raise Refused("repository-refused", f"The name {job.repository} is too long for a session policy.")
    check_owner(tools, f"{configuration['packages']}{job.package}", job)
    given = tools.assume(configuration["roles"][identity], policy, session, SECONDS)
    return {
        "key_id": given["AccessKeyId"],
        "secret": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expires": given["Expiration"].isoformat(),
    }


def check_owner(tools: Tools, parameter: str, job: Job) -> None:
    """Check that a package belongs to the repository of a job: the first one that asks for it owns it permanently.

    Raises:
        Refused: It belongs to another repository, which had the same name.
    """
    for _ in range(2):  # a second time if another job stores the owner in between
        owner = tools.stored(parameter)
        if owner == job.repository_id or (owner is None and tools.store(parameter, job.repository_id)):
            return
        if owner is not None:
            raise Refused(
                "repository-refused",
                f"The package {job.package} belongs to an earlier repository of this name. If this one replaces it: "
                f"aws ssm put-parameter --overwrite --name {parameter} --value {job.repository_id}.",
            )
    raise Refused("aws-unavailable", f"SSM has {parameter} and does not show it. Re-run the job.")


def _refusal(refused: Refused, cause: BaseException | None) -> dict[str, Any]:
    _log({"answer": refused.code, "cause": type(cause).__name__ if cause else None})
    return {"error": {"code": refused.code, "message": refused.message}}


def _log(entry: Mapping[str, object]) -> None:
    """Write one line to the log: who got what, and no credential."""
    print(json.dumps(entry), flush=True)


def _connect(configuration: Mapping[str, Any]) -> Tools:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=TIMEOUT,
        read_timeout=TIMEOUT,
        retries={"total_max_attempts": AWS_ATTEMPTS, "mode": "standard"},
    )
    region = configuration["place"]["region"]
    sts, ssm, kms = (boto3.client(name, region_name=region, config=config) for name in ("sts", "ssm", "kms"))
    return Tools(sts, ssm, kms, configuration["api"])

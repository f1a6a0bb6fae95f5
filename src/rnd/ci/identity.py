"""The identities of a job: credentials that exist in this process only.

A job proves who it is with an OIDC token of GitHub. With it, this process assumes the entry role, which can only
call the broker, and the broker returns credentials for this job's repository. Nothing is written to a file or to
the environment, so no other process of the job sees any of it.

The token: https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlsplit

from rnd.ci.errors import IdentityRefused, IdentityUnavailable
from rnd.ci.roles import assume_role, invoke
from rnd.errors import AwsRefused, UsageError
from rnd.http_client import HttpFailure, send
from rnd.providers.aws import AwsCredentials
from rnd.retry import retry
from rnd.runners.stack.policies import BROKER_AUDIENCE, STS_AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

IDENTITIES = ("reading", "development", "candidate", "release")
TOKENS = ("version", "release")
URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
TRANSIENT = frozenset({"aws-unavailable", "github-unavailable", "internal"})
TIMEOUT = 10  # seconds
LARGEST = 1 << 16  # bytes of an answer with a token


def assume(identity: str, environ: Mapping[str, str], organisation: Organisation) -> AwsCredentials | None:
    """Return the credentials of an identity for this job, or None outside GitHub Actions: boto3 finds its own.

    Args:
        identity: One of `IDENTITIES`.
        environ: The environment of the job.
        organisation: The organisation.

    Raises:
        UsageError: There is no such identity.
        IdentityRefused: The job cannot have it.
        IdentityUnavailable: GitHub or the broker did not answer.
        RndError: See `rnd.providers.aws`.
    """
    if identity not in IDENTITIES:
        raise UsageError(f"There is no identity {identity}; there are {', '.join(IDENTITIES)}.")
    if not in_actions(environ):
        return None
    if identity == "reading":
        return _assume(organisation.require_aws().reading_role, environ, organisation)
    given = _ask_broker({"identity": identity}, environ, organisation)
    try:
        return AwsCredentials(*(str(given["credentials"][name]) for name in ("key_id", "secret", "token")))
    except (LookupError, TypeError) as error:
        raise _other_broker(organisation) from error


def github_token(identity: str, environ: Mapping[str, str], organisation: Organisation) -> str | None:
    """Return a token of GitHub for this job's repository, or None: then use GITHUB_TOKEN.

    There is none without an app, outside a workflow, and for a job without `id-token: write`: those of a repository
    that was made before the broker, or of a fork's pull request.

    Args:
        identity: `version`, to push a commit to a pull request, or `release`, to create a tag and a release.
        environ: The environment of the job.
        organisation: The organisation.

    Raises:
        RndError: See `assume`.
    """
    if identity not in TOKENS:
        raise UsageError(f"There is no token {identity}; there are {', '.join(TOKENS)}.")
    if not organisation.github.apps or not in_actions(environ) or not can_request_token(environ):
        return None
    try:
        return str(_ask_broker({"github": identity}, environ, organisation)["github_token"])
    except LookupError as error:
        raise _other_broker(organisation) from error


def in_actions(environ: Mapping[str, str]) -> bool:
    """Return whether this process is a step of a workflow."""
    return environ.get("GITHUB_ACTIONS") == "true"


def can_request_token(environ: Mapping[str, str]) -> bool:
    """Return whether the job can request an OIDC token: it has `id-token: write`, and comes from no fork."""
    return bool(environ.get(URL))


def _ask_broker(wanted: Mapping[str, str], environ: Mapping[str, str], organisation: Organisation) -> dict[str, Any]:
    """Return what the broker gives this job."""
    aws = organisation.require_aws()
    entry = _assume(aws.entry_role, environ, organisation)

    def attempt() -> dict[str, Any]:
        answer = invoke(aws.broker, {**wanted, "token": _oidc_token(environ, BROKER_AUDIENCE)}, aws.region, entry)
        if not isinstance(answer, dict):
            raise _other_broker(organisation)
        if "error" in answer:
            _raise(answer["error"], next(iter(wanted.values())))
        return answer

    return retry(attempt, IdentityUnavailable)


def _other_broker(organisation: Organisation) -> IdentityRefused:
    return IdentityRefused(
        f"The broker {organisation.require_aws().broker} does not answer as this version of rnd expects.",
        "Deploy the publishing stack of the same version.",
    )


def _raise(error: object, identity: str) -> NoReturn:
    known = error if isinstance(error, dict) else {}
    code, message = known.get("code", "unknown"), known.get("message", "")
    text = f"The broker does not give this job the identity {identity} ({code}): {message}"
    raise (IdentityUnavailable if code in TRANSIENT else IdentityRefused)(text)


def _assume(role: str, environ: Mapping[str, str], organisation: Organisation) -> AwsCredentials:
    """Return the credentials of a role that every job of a repository can assume."""
    token = retry(lambda: _oidc_token(environ, STS_AUDIENCE), IdentityUnavailable)
    run = "".join(filter(str.isdecimal, environ.get("GITHUB_RUN_ID", "")))
    try:
        return assume_role(role, token, f"run-{run}"[:64], organisation.require_aws().region)
    except AwsRefused as error:
        message = f"This job cannot assume {role}: {error.message}"
        raise IdentityRefused(message, _hint(environ, organisation)) from error


def _hint(environ: Mapping[str, str], organisation: Organisation) -> str:
    """Return what a repository lacks that no role trusts; only the name tells an adopted one from the others."""
    name = environ.get("GITHUB_REPOSITORY", "").partition("/")[2]
    if name and not name.startswith(f"{organisation.repository_prefix}-"):
        return (
            f"A repository with a name of its own needs `aws.adopted: {{{name}: PACKAGE}}` in the template's org.yml, "
            "a deployment of the publishing stack, and immutable OIDC subjects (`rnd github check`): "
            "docs/how-to/adopt.md."
        )
    return (
        "The repository needs immutable OIDC subjects (`rnd github check`), and the publishing stack must be "
        "deployed: docs/how-to/set-up-the-pipeline.md."
    )


def _oidc_token(environ: Mapping[str, str], audience: str) -> str:
    """Return an OIDC token of this job for an audience."""
    url, secret = environ.get(URL), environ.get(TOKEN)
    if not url or not secret:
        raise IdentityRefused(
            "This job cannot prove who it is.",
            "Give it `permissions: id-token: write`. A pull request from a fork never has that permission.",
        )
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise IdentityRefused(f"{URL} is not an https address.", "Run this in a job of GitHub Actions.")
    address = f"{url}{'&' if parts.query else '?'}audience={quote(audience)}"
    message = "GitHub gives this job no OIDC token"
    try:
        response = send(
            "GET", address, authorization=f"bearer {secret}", redirects=False, timeout=TIMEOUT, limit=LARGEST
        )
        return str(json.loads(response.body)["value"])
    except HttpFailure as failure:  # a reason could quote the address, whose query is a secret of the runner
        said = f"{failure.status} {failure.reason}" if failure.status else "there was no complete response"
        raise failure.convert(f"{message}: {said}.", IdentityRefused, IdentityUnavailable) from None
    except (ValueError, LookupError, TypeError) as error:
        raise IdentityUnavailable(f"{message}: {type(error).__name__}.") from error

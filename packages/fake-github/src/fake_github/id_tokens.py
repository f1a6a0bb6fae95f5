"""OpenID Connect tokens of jobs: the provider, its keys, and the endpoint where a job requests a token.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from fake_github import rules
from fake_github.records import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from fake_github.hub import Hub
    from fake_github.state import Repository

PROVIDER = "/_services/token"  # where GitHub Enterprise Server has it
REQUESTS = "/_services/pipelines/idtoken"
LIFETIME = 300  # seconds
BACKDATED = 600  # seconds between `nbf` and `iat`
# What the caller of `FakeGitHub.id_tokens` may set; everything else follows from the repository and the clock.
JOB_CLAIMS = {
    "actor",
    "base_ref",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
}
REPOSITORY_CLAIMS = {
    "actor_id",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
}


def register(hub: Hub, repository: Repository, claims: Mapping[str, str]) -> str:
    """Let a job request tokens, and return its request token.

    Raises:
        ValueError: A claim does not exist or is not the job's to set.
    """
    if unknown := sorted(set(claims) - JOB_CLAIMS):
        raise ValueError(f"A job does not set the claims {', '.join(unknown)}.")
    request_token = secrets.token_urlsafe(40)
    hub.provider.jobs[request_token] = repository, dict(claims)
    return request_token


def serve(hub: Hub, request: Request) -> Response | None:
    """Answer a request to the provider; None to any other."""
    if request.method != "GET" or not request.path.startswith("/_services/"):
        return None
    if request.path == f"{PROVIDER}/.well-known/openid-configuration":
        return _json(configuration(hub))
    if request.path == f"{PROVIDER}/.well-known/jwks":
        return _json({"keys": [hub.provider.key.as_dict(private=False)]})
    if request.path == REQUESTS:
        return _issue(hub, request)
    return None


def configuration(hub: Hub) -> dict[str, Any]:
    """Return the provider's metadata; see OpenID Connect Discovery 1.0, section 3."""
    standard = {"sub", "aud", "exp", "iat", "iss", "jti", "nbf"}
    return {
        "issuer": hub.provider.issuer or hub.url + PROVIDER,
        "jwks_uri": f"{hub.url}{PROVIDER}/.well-known/jwks",
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": sorted(standard | JOB_CLAIMS | REPOSITORY_CLAIMS),
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": ["openid"],
    }


def _issue(hub: Hub, request: Request) -> Response:
    from joserfc import jwt

    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    found = hub.provider.jobs.get(shown) if scheme.lower() == "bearer" else None
    if found is None:
        return _json({"message": "The request token is missing, unknown or expired."}, HTTPStatus.UNAUTHORIZED)
    repository, job = found
    moment = int(time.time())
    claims = {
        **of_repository(hub, repository, job),
        **job,
        "sub": subject(repository, job),
        "aud": request.args.get("audience") or f"{hub.url}/{repository.owner.login}",
        "iss": configuration(hub)["issuer"],
        "jti": secrets.token_hex(16),
        "iat": moment,
        "nbf": moment - BACKDATED,
        "exp": moment + LIFETIME,
    }
    key = hub.provider.key
    return _json({"value": jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key)})


def of_repository(hub: Hub, repository: Repository, job: Mapping[str, str]) -> dict[str, str]:
    """Return the claims that follow from the repository, and from the job's ref and actor."""
    ref = job.get("ref", "")
    actor = hub.state.account(job.get("actor", ""))
    return {
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner.login,
        "repository_owner_id": str(repository.owner.id),
        "repository_visibility": "private" if repository.private else "public",
        "actor_id": "" if actor is None else str(actor.id),
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "ref_protected": str(bool(rules.rules_for(repository, ref))).lower(),
    }


def subject(repository: Repository, job: Mapping[str, str]) -> str:
    """Return the claim `sub`, by default in its immutable form, with the ids of the owner and of the repository.

    The environment comes first, then the event `pull_request`, then the ref. GitHub encodes a colon in a name, so that
    an environment cannot be named like a longer subject. A repository can have other claims in its subject:
    https://docs.github.com/actions/reference/security/oidc#customizing-the-subject-claims-for-a-repository
    """
    owner = repository.owner
    if "environment" in job:
        context = f"environment:{job['environment'].replace(':', '%3A')}"
    elif job.get("event_name") == "pull_request":
        context = "pull_request"
    else:
        context = f"ref:{job.get('ref', '')}"
    settings = repository.actions.get("oidc", {})
    name = f"repo:{owner.login}/{repository.name}"
    if settings.get("use_immutable_subject", True):
        name = f"repo:{owner.login}@{owner.id}/{repository.name}@{repository.id}"
    if settings.get("use_default", True):
        return f"{name}:{context}"
    parts = {"repo": name, "context": context}
    keys = settings.get("include_claim_keys") or []
    return ":".join(parts.get(key) or f"{key}:{job.get(key, '').replace(':', '%3A')}" for key in keys)


def _json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")

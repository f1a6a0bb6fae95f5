"""OpenID Connect tokens of jobs: what they say, who gets them, and what their keys verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from fake_github import deployments
from fake_github.id_tokens import PROVIDER

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github_tests.acme import Acme

MAIN = {"ref": "refs/heads/main", "event_name": "push", "actor": "ada"}


def request_token(variables: dict[str, str], audience: str | None = None, shown: str | None = None) -> httpx.Response:
    """Request a token as a job does."""
    address = variables["ACTIONS_ID_TOKEN_REQUEST_URL"] + ("" if audience is None else f"&audience={audience}")
    token = variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] if shown is None else shown
    return httpx.get(address, headers={"Authorization": f"bearer {token}"})


def claims_of(hub: FakeGitHub, token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature the published keys verify."""
    metadata = httpx.get(f"{hub.url}{PROVIDER}/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
    claims = jwt.decode(token, keys, algorithms=metadata["id_token_signing_alg_values_supported"]).claims
    assert set(claims) <= set(metadata["claims_supported"])
    assert claims["iss"] == metadata["issuer"]
    return claims


def test_a_token_says_what_its_job_is(acme: Acme) -> None:
    hub = acme.hub
    repository = hub.state.repository("Acme/rover")
    assert repository is not None
    variables = hub.id_tokens("Acme/rover", MAIN | {"run_id": "7", "environment": "publish"})
    claims = claims_of(hub, request_token(variables, "sts.amazonaws.com").json()["value"])
    assert claims["sub"] == f"repo:Acme@{repository.owner.id}/rover@{repository.id}:environment:publish"
    assert claims["aud"] == "sts.amazonaws.com"
    assert claims["exp"] - claims["iat"] == 300
    assert (claims["repository"], claims["repository_id"]) == ("Acme/rover", str(repository.id))
    assert (claims["ref_type"], claims["run_id"]) == ("branch", "7")
    assert "enterprise" not in claims
    again = claims_of(hub, request_token(variables).json()["value"])
    assert again["aud"] == f"{hub.url}/Acme"
    assert again["jti"] != claims["jti"]


@pytest.mark.parametrize(
    ("job", "context"),
    [
        (MAIN, "ref:refs/heads/main"),
        (MAIN | {"event_name": "pull_request", "ref": "refs/pull/1/merge"}, "pull_request"),
        (MAIN | {"ref": "refs/heads/environment:publish"}, "ref:refs/heads/environment:publish"),
        (MAIN | {"environment": "x:environment:publish"}, "environment:x%3Aenvironment%3Apublish"),
    ],
)
def test_the_subject_names_the_context(acme: Acme, job: dict[str, str], context: str) -> None:
    token = request_token(acme.hub.id_tokens("Acme/rover", job)).json()["value"]
    assert claims_of(acme.hub, token)["sub"].partition("/")[2].partition(":")[2] == context


def test_a_repository_has_other_claims_in_its_subject(acme: Acme) -> None:
    body: Any = {"use_default": False, "include_claim_keys": ["workflow", "repo", "context"]}
    acme.ada.rest.actions.set_custom_oidc_sub_claim_for_repo("Acme", "rover", data=body)
    job = MAIN | {"workflow": "x:environment:publish"}
    claims = claims_of(acme.hub, request_token(acme.hub.id_tokens("Acme/rover", job)).json()["value"])
    assert claims["sub"].startswith("workflow:x%3Aenvironment%3Apublish:repo:Acme@")
    assert claims["sub"].endswith(":ref:refs/heads/main")


def test_a_repository_with_subjects_of_the_former_form_opts_in(acme: Acme) -> None:
    """https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/."""
    repository = acme.hub.state.repository("Acme/rover")
    assert repository is not None
    repository.actions["oidc"] = {"use_immutable_subject": False}
    variables = acme.hub.id_tokens("Acme/rover", MAIN)
    assert claims_of(acme.hub, request_token(variables).json()["value"])["sub"] == "repo:Acme/rover:ref:refs/heads/main"
    body: Any = {"use_default": True, "use_immutable_subject": True}
    acme.ada.rest.actions.set_custom_oidc_sub_claim_for_repo("Acme", "rover", data=body)
    now = claims_of(acme.hub, request_token(variables).json()["value"])["sub"]
    assert now == f"repo:Acme@{repository.owner.id}/rover@{repository.id}:ref:refs/heads/main"


def test_a_request_token_belongs_to_one_running_job(acme: Acme) -> None:
    variables = acme.hub.id_tokens("Acme/rover", MAIN)
    assert request_token(variables).status_code == 200
    assert request_token(variables, shown="-").status_code == 401
    assert request_token(variables, shown="x" * 54).status_code == 401
    acme.hub.end_id_tokens(variables)
    assert request_token(variables).status_code == 401


def test_a_job_cannot_set_the_claims_of_its_repository(acme: Acme) -> None:
    with pytest.raises(ValueError, match="repository_id, sub"):
        acme.hub.id_tokens("Acme/rover", MAIN | {"repository_id": "1", "sub": "repo:x"})


def test_an_environment_admits_the_branches_that_it_names(acme: Acme) -> None:
    repository = acme.hub.state.repository("Acme/rover")
    assert repository is not None
    policy: Any = {"protected_branches": False, "custom_branch_policies": True}
    assert deployments.refusal(repository, "publish", "refs/heads/x") is None
    acme.ada.rest.repos.create_or_update_environment("Acme", "rover", "publish", deployment_branch_policy=policy)
    acme.ada.rest.repos.create_deployment_branch_policy("Acme", "rover", "publish", name="main")
    assert deployments.refusal(repository, "publish", "refs/heads/main") is None
    for name, ref in (
        ("publish", "refs/heads/x"),
        ("Publish", "refs/heads/x"),
        ("publish", "refs/tags/main"),
        ("publish", "refs/pull/1/merge"),
    ):
        assert "is not allowed to deploy" in (deployments.refusal(repository, name, ref) or "")

"""GitHub Apps: proven by their private key, installed in an organisation, with tokens that may no more than they."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from fake_github_tests.acme import client, refused

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme

ALLOWED = {"contents": "write", "pull_requests": "read"}


def sign(key: str, **claims: Any) -> str:  # noqa: ANN401
    """Return a JSON web token."""
    private = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    moment = int(time.time())
    whole = {"iat": moment - 10, "exp": moment + 60} | claims
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256", "typ": "JWT"}, whole)
    ]
    signature = private.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def test_an_app_gets_a_token_with_just_what_it_asks_for(acme: Acme) -> None:
    identity, key = acme.hub.add_app("helper", "Acme", ALLOWED)
    app = client(acme.hub, sign(key, iss=identity))
    installation = app.rest.apps.get_repo_installation("Acme", "rover").parsed_data
    assert installation.app_slug == "helper"
    wanted: Any = {"repositories": ["rover"], "permissions": {"contents": "write"}}
    made = app.rest.apps.create_installation_access_token(installation.id, data=wanted).parsed_data
    acme.clone.commit("chore: version 0.1.0")
    assert acme.clone.with_token(made.token).push("main:made").returncode == 0
    assert acme.hub.events[-1].actor == "helper[bot]"
    assert acme.hub.events[-1].starts_runs
    more: Any = {"permissions": {"pull_requests": "write"}}
    refusal = refused(lambda: app.rest.apps.create_installation_access_token(installation.id, data=more))
    assert refusal == (422, "The permissions requested are not granted to this installation.")


def test_a_token_is_limited_to_a_repository_by_its_id(acme: Acme) -> None:
    identity, key = acme.hub.add_app("helper", "Acme", ALLOWED)
    app = client(acme.hub, sign(key, iss=identity))
    other = acme.ada.rest.repos.create_in_org("Acme", name="other", private=True).parsed_data
    installation = app.rest.apps.get_repo_installation("Acme", "rover").parsed_data
    wanted: Any = {"repository_ids": [other.id], "permissions": {"contents": "write"}}
    made = app.rest.apps.create_installation_access_token(installation.id, data=wanted).parsed_data
    assert [one.full_name for one in made.repositories or []] == ["Acme/other"]
    assert acme.hub.state.tokens[made.token].repository == "Acme/other"
    wanted["repository_ids"] = [other.id + 1000]
    assert refused(lambda: app.rest.apps.create_installation_access_token(installation.id, data=wanted))[0] == 422


@pytest.mark.parametrize("claims", [{"exp": int(time.time()) - 1}, {"exp": int(time.time()) + 3600}, {"iss": "Iv0"}])
def test_a_web_token_that_proves_nothing_is_refused(acme: Acme, claims: dict[str, Any]) -> None:
    identity, key = acme.hub.add_app("helper", "Acme", ALLOWED)
    app = client(acme.hub, sign(key, **{"iss": identity, **claims}))
    assert refused(lambda: app.rest.apps.get_repo_installation("Acme", "rover")) == (401, "Bad credentials")


def test_another_key_proves_nothing(acme: Acme) -> None:
    identity, _ = acme.hub.add_app("helper", "Acme", ALLOWED)
    _, other = acme.hub.add_app("other", "Acme", ALLOWED)
    app = client(acme.hub, sign(other, iss=identity))
    assert refused(lambda: app.rest.apps.get_repo_installation("Acme", "rover")) == (401, "Bad credentials")


def test_runs_read_a_private_repository_whose_actions_are_shared(acme: Acme, tmp_path: Any) -> None:  # noqa: ANN401
    from fake_github_tests.test_git_http import clone

    acme.ada.rest.repos.create_in_org("Acme", name="other", private=True)
    token = acme.hub.workflow_token("Acme/other", {"contents": "read"})
    assert clone(acme, tmp_path / "before", token).returncode == 128
    acme.ada.rest.actions.set_workflow_access_to_repository("Acme", "rover", access_level="organization")
    assert clone(acme, tmp_path / "after", token).returncode == 0

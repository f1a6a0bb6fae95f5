"""The broker: tokens of the GitHub Apps, each for one repository."""

from __future__ import annotations

import base64
import json

import pytest

from tests.helpers.broker import (
    CONFIGURATION,
    NOW,
    RELEASE,
    Services,
    ask,
    claims,
    refused,
    serve,
    token,
)


@pytest.mark.parametrize(
    ("app", "context", "permissions"),
    [
        ("version", "pull_request", {"contents": "write"}),
        ("release", RELEASE, {"contents": "write", "workflows": "write"}),
    ],
)
def test_a_token_of_github_for_one_repository(app: str, context: str, permissions: dict[str, str]) -> None:
    given = {"token": "ghs_1", "expires_at": "2027-01-15T09:00:00Z", "repositories": [{"id": 77}]}
    with serve((200, {}, {"id": 5}), (201, {}, given)) as api:
        services = Services(api.url)
        services.verifies(app, context)
        services.signs(app)
        answer = ask(services, {"github": app, "token": token(claims(context))})
    assert answer == {"github_token": "ghs_1", "expires": "2027-01-15T09:00:00Z"}
    (look, ask_for) = api.asked
    assert look[:2] == ("GET", "/repos/acme-robotics/lab-aligner/installation")
    assert ask_for[:2] == ("POST", "/app/installations/5/access_tokens")
    assert ask_for[3] == {"repository_ids": [77], "permissions": permissions}
    header, payload, signature = look[2]["Authorization"].removeprefix("Bearer ").split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload)]
    assert read == [{"alg": "RS256", "typ": "JWT"}, {"iat": NOW - 60, "exp": NOW + 540, "iss": f"Iv1.acme-{app}"}]
    assert signature == "c2lnbmVk"
    services.check()


def test_a_token_that_github_did_not_limit_is_not_handed_on() -> None:
    given = {"token": "ghs_1", "expires_at": "2027", "repositories": [{"id": 77}, {"id": 78}]}
    with serve((200, {}, {"id": 5}), (201, {}, given)) as api:
        services = Services(api.url)
        services.verifies("version")
        services.signs("version")
        assert refused(services, {"github": "version", "token": token(claims())}) == "github-refused"


def test_no_app() -> None:
    services = Services()
    services.verifies("version")
    assert refused(services, {"github": "version", "token": token(claims())}, {**CONFIGURATION, "apps": {}}) == "no-app"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ThrottlingException", "aws-unavailable"),
        ("KMSInvalidStateException", "signing-refused"),  # no key is imported yet
        ("AccessDeniedException", "signing-refused"),
        ("NotFoundException", "signing-refused"),
    ],
)
def test_kms_does_not_sign(error: str, code: str) -> None:
    services = Services()
    services.verifies("version")
    services.kms.add_client_error("sign", error, "about a-secret")
    assert refused(services, {"github": "version", "token": token(claims())}) == code


@pytest.mark.parametrize(
    ("answers", "code", "requests"),
    [
        ([(503, {}, {})], "github-unavailable", 3),
        ([(429, {}, {})], "github-unavailable", 3),
        ([(503, {}, {}), (404, {}, {})], "github-refused", 2),
        ([(401, {}, {})], "github-refused", 1),
        ([(200, {}, [])], "github-refused", 1),
        ([(200, {}, {})], "github-refused", 1),
        ([(301, {"Location": "/elsewhere"}, {}), (200, {}, {"id": 5})], "github-refused", 1),
        ([(200, {}, {"id": 5}), (422, {}, {})], "github-refused", 2),
    ],
)
def test_github_gives_no_token(answers: list[tuple[int, dict[str, str], object]], code: str, requests: int) -> None:
    """A redirect is not followed: the token of the app is for the configured host."""
    with serve(*answers) as api:
        services = Services(api.url)
        services.verifies("version")
        services.signs("version")
        assert refused(services, {"github": "version", "token": token(claims())}) == code
    assert len(api.asked) == requests
    assert sum(services.slept) < 10

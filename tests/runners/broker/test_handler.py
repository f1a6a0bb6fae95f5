"""The broker: what a job gets for its token, and why it gets nothing."""

from __future__ import annotations

import base64
import json

import pytest

from rnd.runners.broker import handler
from rnd.runners.broker.session import as_text
from rnd.runners.stack.policies import session_policy
from tests.helpers.broker import (
    CONFIGURATION,
    CONTEXTS,
    NOW,
    ORGANISATION,
    PACKAGE,
    RELEASE,
    SUBJECT,
    Services,
    ask,
    claims,
    refused,
    token,
)


@pytest.mark.parametrize("identity", ["development", "candidate", "release"])
def test_credentials_for_the_jobs_own_repository(identity: str) -> None:
    services, context = Services(), CONTEXTS[identity]
    services.verifies(identity, context)
    services.gives(identity, as_text(session_policy(ORGANISATION, identity, PACKAGE)))
    answer = ask(services, {"identity": identity, "token": token(claims(context))})
    assert answer == {
        "credentials": {
            "key_id": "ASIAEXAMPLEEXAMPLE",
            "secret": "a-secret",
            "token": "a-session",
            "expires": "2027-01-15T09:00:00+00:00",
        }
    }
    services.check()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aud": "sts.amazonaws.com"}, "invalid-token"),
        ({"aud": ["rnd-broker", "other"]}, "invalid-token"),
        ({"exp": NOW - 1}, "expired-token"),
        ({"exp": "soon"}, "expired-token"),
        ({"sub": "repo:acme-robotics/lab-aligner:pull_request"}, "repository-refused"),
        ({"sub": "repository_id:77:pull_request"}, "repository-refused"),
        ({"sub": f"x{SUBJECT}:pull_request"}, "repository-refused"),
        ({"sub": f"{SUBJECT}:pull_request\nx"}, "repository-refused"),
        ({"repository": "acme-robotics/lab-other"}, "invalid-token"),
        ({"repository_id": "78"}, "invalid-token"),
        ({"sub": f"{SUBJECT}:pull_request".replace("@1001", "@666")}, "repository-refused"),
        (
            {"sub": f"{SUBJECT}:pull_request".replace("acme", "evil"), "repository": "evil-robotics/lab-aligner"},
            "repository-refused",
        ),
    ],
)
def test_a_token_of_somebody_else_does_not_reach_sts(changed: dict[str, object], code: str) -> None:
    services = Services()
    assert refused(services, {"identity": "development", "token": token(claims(changed=changed))}) == code
    services.check()


@pytest.mark.parametrize(
    "name",
    [
        *("website", "lab", "lab-", "lab--a", "lab-a--b", "lab-a.b", "lab-a_b", "lab-A", "lab-a-", "labs-a"),
        *("lab-template", "lab-secret"),  # the template and the protected names
    ],
)
def test_a_repository_whose_name_is_not_its_packages_gets_nothing(name: str) -> None:
    """`lab-a.b` and `lab-a-b` would otherwise write one package."""
    services = Services()
    subject = f"{SUBJECT}:pull_request".replace("lab-aligner", name)
    said = token(claims(changed={"sub": subject, "repository": f"acme-robotics/{name}"}))
    assert refused(services, {"identity": "development", "token": said}) == "repository-refused"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "must have"),
        ([], "must have"),
        ({}, "must have"),
        ({"identity": "development"}, "must have"),
        ({"identity": "development", "github": "version", "token": "a.b.c"}, "must have"),
        ({"identity": "development", "token": "a.b.c", "package": "other"}, "must have"),
        ({"identity": "version", "token": "a.b.c"}, 'no identity "version"'),
        ({"identity": "admin", "token": "a.b.c"}, 'no identity "admin"'),
        ({"identity": None, "token": "a.b.c"}, "no identity null"),
        ({"identity": ["release"], "token": "a.b.c"}, "no identity"),
        ({"identity": "x" * 10_000, "token": "a.b.c"}, "no identity"),
        ({"github": "development", "token": "a.b.c"}, "no identity"),
        ({"github": None, "token": "a.b.c"}, "no identity"),
        ({"identity": "development", "token": ""}, "no OIDC token"),
        ({"identity": "development", "token": {"a": "b"}}, "no OIDC token"),
        ({"identity": "development", "token": "x" * 1_000_000}, "1000000 characters; the limit is 16384"),
        ({"identity": "development", "token": "a.b"}, "not a JSON Web Token"),
        ({"identity": "development", "token": "a.!.c"}, "not a JSON Web Token"),
        ({"identity": "development", "token": "a.Zm9v.c"}, "not a JSON Web Token"),
        ({"identity": "development", "token": token([1])}, "not a JSON Web Token"),
        ({"identity": "development", "token": f"a.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c"}, "not a JSON"),
        ({"identity": "development", "token": "a.é.c"}, "not a JSON Web Token"),
    ],
)
def test_a_request_that_is_none(event: object, said: str) -> None:
    answer = ask(Services(), event)
    assert answer["error"]["code"] in {"invalid-request", "invalid-token"}
    assert said in answer["error"]["message"]
    assert len(answer["error"]["message"]) < 300


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("AccessDenied", "not-trusted"),
        ("InvalidIdentityToken", "invalid-token"),
        ("IDPRejectedClaim", "invalid-token"),
        ("ExpiredTokenException", "expired-token"),
        ("IDPCommunicationError", "aws-unavailable"),
        ("Throttling", "aws-unavailable"),
        ("RegionDisabledException", "misconfigured"),
    ],
)
def test_sts_does_not_accept_the_token(error: str, code: str) -> None:
    """A forged token, for one, has right claims and no right signature."""
    services = Services()
    services.sts.add_client_error("assume_role_with_web_identity", error, "Not for a-secret")
    assert refused(services, {"identity": "development", "token": token(claims())}) == code
    services.check()


@pytest.mark.parametrize(
    "other", [{"SubjectFromWebIdentityToken": f"{SUBJECT}:ref:refs/heads/x"}, {"Audience": "sts.amazonaws.com"}]
)
def test_what_sts_verified_must_be_what_was_read(other: dict[str, str]) -> None:
    services = Services()
    services.verifies("development", **other)
    assert refused(services, {"identity": "development", "token": token(claims())}) == "invalid-token"


@pytest.mark.parametrize(
    ("identity", "event"),
    [
        ("development", "pull_request_target"),
        ("development", "issue_comment"),
        ("candidate", "pull_request_target"),
        ("candidate", "workflow_run"),
        ("release", "pull_request_target"),
        ("release", "pull_request"),
        ("release", ""),
    ],
)
def test_events_that_run_on_main_for_somebody_else(identity: str, event: str) -> None:
    services, context = Services(), CONTEXTS[identity]
    services.verifies(identity, context)
    said = token(claims(context, {"event_name": event}))
    assert refused(services, {"identity": identity, "token": said}) == "event-refused"
    services.check()


@pytest.mark.parametrize(
    ("workflow", "right"),
    [
        ("acme-robotics/lab-aligner/.github/workflows/build_and_push_docker_image.yml@refs/heads/main", True),
        ("acme/lab-template/.github/workflows/publish_package.yml@refs/heads/v7", True),
        ("acme-robotics/lab-other/.github/workflows/build_and_push_docker_image.yml@refs/heads/main", False),
        ("acme-robotics/lab-aligner-2/.github/workflows/build_and_push_docker_image.yml@refs/heads/main", False),
        ("", False),
    ],
)
def test_a_workflow_of_another_repository(workflow: str, right: bool) -> None:
    """Its pattern in the trust policy matches every repository of the organisation."""
    services = Services()
    services.verifies("development")
    if right:
        services.gives("development", as_text(session_policy(ORGANISATION, "development", PACKAGE)))
    answer = ask(services, {"identity": "development", "token": token(claims(changed={"job_workflow_ref": workflow}))})
    assert ("credentials" in answer) is right
    assert right or answer["error"]["code"] == "not-trusted"


def test_a_release_on_a_machine_that_ran_other_code() -> None:
    hosted = {**CONFIGURATION, "trusted_runner": "github-hosted"}
    services = Services()
    services.verifies("release", RELEASE)
    said = {"identity": "release", "token": token(claims(RELEASE))}
    assert refused(services, said, hosted) == "runner-refused"
    services.verifies("release", RELEASE)
    services.gives("release", as_text(session_policy(ORGANISATION, "release", PACKAGE)))
    right = {"identity": "release", "token": token(claims(RELEASE, {"runner_environment": "github-hosted"}))}
    assert "credentials" in ask(services, right, hosted)


@pytest.mark.parametrize(
    ("error", "code"), [("Throttling", "aws-unavailable"), ("AccessDenied", "misconfigured"), ("X", "misconfigured")]
)
def test_sts_gives_no_credentials(error: str, code: str) -> None:
    services = Services()
    services.verifies("development")
    services.knows("77")
    services.sts.add_client_error("assume_role", error, "about a-secret")
    assert refused(services, {"identity": "development", "token": token(claims())}) == code


def test_branch_names_with_an_at_sign() -> None:
    services, context = Services(), "ref:refs/heads/ada@home"
    services.verifies("development", context)
    services.gives("development", as_text(session_policy(ORGANISATION, "development", PACKAGE)))
    assert "credentials" in ask(services, {"identity": "development", "token": token(claims(context))})


def test_without_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "{}", "[]", "{"):
        if value is None:
            monkeypatch.delenv("RND_BROKER", raising=False)
        else:
            monkeypatch.setenv("RND_BROKER", value)
        answer = handler.handle({"identity": "development", "token": token(claims())})
        assert answer["error"]["code"] == "misconfigured"


def test_a_fault_of_the_broker_says_nothing_of_aws(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"identity": "development", "token": token(claims())}
    broken = {**CONFIGURATION, "verify": {"development": None}}
    services = Services()
    assert refused(services, said, {**broken, "protected": None}) == "internal"
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"answer": "internal", "cause": "TypeError"}


def test_the_log_names_who_got_what_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    services.verifies("development")
    services.gives("development", as_text(session_policy(ORGANISATION, "development", PACKAGE)))
    ask(services, {"identity": "development", "token": token(claims())})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "identity": "development",
        "github": None,
        "repository": "lab-aligner",
        "run": "4242",
        "answer": "given",
    }

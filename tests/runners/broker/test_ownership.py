"""The broker: a package belongs to the first repository that asks for it."""

from __future__ import annotations

import pytest

from rnd.runners.broker.session import as_text
from rnd.runners.stack.policies import session_policy
from tests.helpers.broker import (
    CONTEXTS,
    ORGANISATION,
    PACKAGE,
    PARAMETER,
    Services,
    ask,
    claims,
    refused,
    token,
)

STORED = {"Name": PARAMETER, "Value": "77", "Type": "String", "Overwrite": False}


def test_a_package_belongs_to_the_first_repository_that_asks() -> None:
    services = Services()
    services.verifies("development")
    services.ssm.add_client_error("get_parameter", "ParameterNotFound", expected_params={"Name": PARAMETER})
    services.ssm.add_response("put_parameter", {"Version": 1}, STORED)
    services.gives("development", as_text(session_policy(ORGANISATION, "development", PACKAGE)), repository_id="")
    assert "credentials" in ask(services, {"identity": "development", "token": token(claims())})
    services.check()


@pytest.mark.parametrize("identity", ["development", "candidate", "release"])
def test_a_repository_that_takes_over_a_name_gets_no_package(identity: str) -> None:
    """Somebody renames or deletes a repository, and somebody else makes another one of its name."""
    services, context = Services(), CONTEXTS[identity]
    services.verifies(identity, context)
    services.knows("55")
    answer = ask(services, {"identity": identity, "token": token(claims(context))})
    assert answer["error"]["code"] == "repository-refused"
    assert "acme-lab-aligner belongs to an earlier repository of this name" in answer["error"]["message"]
    assert f"--name {PARAMETER} --value 77" in answer["error"]["message"]
    services.check()


def test_two_jobs_ask_for_a_new_package_at_the_same_time() -> None:
    services = Services()
    services.verifies("development")
    services.ssm.add_client_error("get_parameter", "ParameterNotFound")
    services.ssm.add_client_error("put_parameter", "ParameterAlreadyExists", expected_params=STORED)
    services.gives("development", as_text(session_policy(ORGANISATION, "development", PACKAGE)))
    assert "credentials" in ask(services, {"identity": "development", "token": token(claims())})
    services.check()


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        (["ThrottlingException"], "aws-unavailable"),
        (["InternalServerError"], "aws-unavailable"),
        (["AccessDeniedException"], "misconfigured"),
        (["ParameterNotFound", "ParameterAlreadyExists"] * 2, "aws-unavailable"),
    ],
)
def test_whose_the_package_is_cannot_be_read(errors: list[str], code: str) -> None:
    services = Services()
    services.verifies("development")
    for error in errors:
        services.ssm.add_client_error("put_parameter" if error.endswith("Exists") else "get_parameter", error)
    assert refused(services, {"identity": "development", "token": token(claims())}) == code
    services.check()

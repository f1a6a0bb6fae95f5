"""The two calls to CodeArtifact, made by boto3 and by the AWS CLI; a stand-in validates them by the model of AWS."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd.errors import AwsRefused, AwsUnavailable
from rnd.organisation import load_organisation
from rnd.providers.codeartifact import package_index, read_access
from rnd.providers.provider import Caller
from rnd_rehearsal.codeartifact import MODEL, CodeArtifact, check
from tests.helpers.logs import retries

if TYPE_CHECKING:
    from rnd_rehearsal.package_index import PackageIndex

ORGANISATION = load_organisation()
AWS, PLACE = ORGANISATION.require_aws(), ORGANISATION.require_codeartifact()


@pytest.fixture
def account(index: PackageIndex) -> CodeArtifact:
    """The account that AWS_ENDPOINT_URL_CODEARTIFACT leads to."""
    return index.codeartifact


def test_address_and_token(account: CodeArtifact) -> None:
    assert read_access(AWS, PLACE.domain, PLACE.repository) == (account.endpoint, account.token)
    place = {"domain": "synthesia", "domainOwner": "812634467557"}
    assert account.calls == [
        ("GetRepositoryEndpoint", place | {"repository": "rnd", "format": "pypi"}),
        ("GetAuthorizationToken", place | {"durationSeconds": 900}),
    ]


@pytest.mark.parametrize(("reading", "seconds"), [(True, 3600), (False, 900)])
def test_a_token_for_reading_outlasts_a_build(account: CodeArtifact, reading: bool, seconds: int) -> None:
    package_index(ORGANISATION, Caller()).sign_in(reading=reading)
    assert account.calls[-1][1]["durationSeconds"] == seconds


@pytest.mark.parametrize("error", ["ThrottlingException", "InternalServerException"])
def test_a_fault_of_aws_is_tried_again_and_said(
    account: CodeArtifact, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    account.errors = [error]
    assert read_access(AWS, PLACE.domain, PLACE.repository) == (account.endpoint, account.token)
    assert [text for text in retries(caplog) if error in text] == retries(caplog) != []

    account.errors = [error] * 4
    with pytest.raises(AwsUnavailable, match=error):
        read_access(AWS, PLACE.domain, PLACE.repository)
    assert account.errors == []


@pytest.mark.parametrize("error", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_refusal_is_final(account: CodeArtifact, error: str) -> None:
    account.errors = [error]
    with pytest.raises(AwsRefused, match=error):
        read_access(AWS, PLACE.domain, PLACE.repository)
    assert len(account.calls) == 1


def test_nobody_is_signed_in(account: CodeArtifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AwsRefused, match="Unable to locate credentials") as caught:
        read_access(AWS, PLACE.domain, PLACE.repository)
    assert "aws sso login" in caught.value.hint
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AwsRefused, match="nobody"):
        read_access(AWS, PLACE.domain, PLACE.repository)
    assert account.calls == []


def test_aws_is_out_of_reach(account: CodeArtifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CODEARTIFACT", "http://127.0.0.1:1")
    with pytest.raises(AwsUnavailable, match="could not be reached"):
        read_access(AWS, PLACE.domain, PLACE.repository)
    assert account.calls == []


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ({"domain": "synthesia"}, 0),
        ({}, 1),
        ({"domain": "S"}, 2),
        ({"domain": "synthesia", "durationSeconds": "900"}, 1),
        ({"domain": "synthesia", "duration": 900}, 1),
        ({"domain": "synthesia", "domainOwner": "12"}, 2),
    ],
)
def test_the_stand_in_sees_what_is_not_as_the_model_has_it(content: dict[str, object], faults: int) -> None:
    operation = MODEL.operation_model("GetAuthorizationToken")
    assert operation.input_shape is not None
    assert len(check(content, operation.input_shape)) == faults


@pytest.mark.slow
def test_the_aws_cli_agrees(account: CodeArtifact) -> None:
    """A second client, of AWS's own, gets from the stand-in what boto3 gets."""

    def aws(*arguments: str) -> dict[str, str]:
        place = ["--domain", PLACE.domain, "--domain-owner", AWS.account, "--region", AWS.region]
        command = ["uvx", "--quiet", "--from", "awscli", "aws", "codeartifact", *arguments, *place, "--output", "json"]
        said = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True).stdout
        found = json.loads(said)
        assert isinstance(found, dict)
        return found

    token = aws("get-authorization-token", "--duration-seconds", "900")
    assert token["authorizationToken"] == account.token
    endpoint = aws("get-repository-endpoint", "--repository", PLACE.repository, "--format", "pypi")
    assert endpoint == {"repositoryEndpoint": account.endpoint}
    calls = account.calls.copy()
    read_access(AWS, PLACE.domain, PLACE.repository)
    assert sorted(account.calls[2:]) == sorted(calls), "both clients ask the same"

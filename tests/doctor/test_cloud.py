"""What `rnd doctor --organisation` says of the AWS account; boto3's models check the requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from rnd.doctor import cloud
from rnd.organisation import load_organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.doctor.machine import Finding

ACCOUNT = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-1"}
SERVICES = ("codeartifact", "lambda", "ecr", "iam", "service-quotas")
ORGANISATION = load_organisation()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    """The services, each with answers in a queue."""
    clients: dict[str, Any] = {name: boto3.client(name, **ACCOUNT) for name in SERVICES}
    monkeypatch.setattr(cloud, "client", lambda region, name: clients[name])  # noqa: ARG005
    stubs = {name: Stubber(one) for name, one in clients.items()}
    for stub in stubs.values():
        stub.activate()
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def examine() -> dict[str, Finding]:
    return {found.name: found for found in cloud.examine_cloud(ORGANISATION)}


def test_all_is_well(aws: dict[str, Stubber]) -> None:
    for _ in range(2):
        aws["codeartifact"].add_response("describe_repository", {})
    aws["lambda"].add_response("get_function_configuration", {})
    for _ in ORGANISATION.python.versions:
        aws["ecr"].add_response("describe_images", {"imageDetails": []})
    role = {"Path": "/", "RoleName": cloud.ECS_ROLE, "RoleId": "A" * 16, "Arn": "a" * 20, "CreateDate": 0}
    aws["iam"].add_response("get_role", {"Role": role})
    for _ in range(2):
        aws["service-quotas"].add_response("get_service_quota", {"Quota": {"Value": 64.0}})
    assert {name: found.state for name, found in examine().items()} == dict.fromkeys(cloud.CHECKS, "ok")


def test_a_new_account(aws: dict[str, Stubber]) -> None:
    for _ in range(2):
        aws["codeartifact"].add_client_error("describe_repository", "ResourceNotFoundException")
    aws["lambda"].add_client_error("get_function_configuration", "ResourceNotFoundException")
    for _ in ORGANISATION.python.versions:
        aws["ecr"].add_client_error("describe_images", "RepositoryNotFoundException")
    aws["iam"].add_client_error("get_role", "NoSuchEntity")
    for _ in range(2):
        aws["service-quotas"].add_response("get_service_quota", {"Quota": {"Value": 0.0}})
    found = examine()
    assert {one.state for one in found.values()} == {"missing"}
    assert all(one.hint for one in found.values())
    assert found["EC2 quotas"].found == "L-1216C47A: 0 of 24 processors; L-DB2E81BA: 0 of 48 processors"


def test_a_role_that_cannot_look(aws: dict[str, Stubber]) -> None:
    aws["codeartifact"].add_client_error("describe_repository", "AccessDeniedException")
    aws["lambda"].add_client_error("get_function_configuration", "AccessDeniedException")
    aws["ecr"].add_client_error("describe_images", "AccessDeniedException")
    aws["iam"].add_client_error("get_role", "AccessDenied")
    aws["service-quotas"].add_client_error("get_service_quota", "AccessDeniedException")
    assert {one.state for one in examine().values()} == {"optional"}


def test_an_organisation_without_aws() -> None:
    assert list(cloud.examine_cloud(ORGANISATION.model_copy(update={"aws": None}))) == []

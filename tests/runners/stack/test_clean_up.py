"""The function that removes what branches published: requests are checked by the models that boto3 has of AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import ANY, Stubber

from rnd.runners.broker.session import IMAGES
from rnd.runners.stack import clean_up
from rnd.runners.stack.names import EXPIRES

if TYPE_CHECKING:
    import pytest

    from tests.helpers.stacks import Stacks

INDEX = {"domain": "acme", "domainOwner": "123456789012", "repository": "acme-dev"}
ACCOUNT = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-1"}


def test_images_of_branches_expire_and_old_versions_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFIXES", json.dumps(EXPIRES))
    monkeypatch.setenv("INDEX", json.dumps(INDEX))
    monkeypatch.setenv("KEPT", "2")
    clients: Any = {name: boto3.client(name, **ACCOUNT) for name in ("ecr", "codeartifact")}
    ecr, index = Stubber(clients["ecr"]), Stubber(clients["codeartifact"])
    named = ["base", "rover", "dev/rover", "candidate/rover"]
    ecr.add_response("describe_repositories", {"repositories": [{"repositoryName": name} for name in named]}, {})
    for name in named[2:]:
        ecr.add_response("put_lifecycle_policy", {}, {"repositoryName": name, "lifecyclePolicyText": ANY})
    of = {**INDEX, "format": "pypi"}
    index.add_response("list_packages", {"packages": [{"package": "rover", "format": "pypi"}]}, of)
    versions = [f"0.{number}.0.dev0+a{number}" for number in range(104, 0, -1)]
    answer = {"versions": [{"version": one, "status": "Published"} for one in versions]}
    asked = {**of, "package": "rover", "status": "Published", "sortBy": "PUBLISHED_TIME"}
    index.add_response("list_package_versions", answer, asked)
    for part in (versions[2:102], versions[102:]):
        index.add_response("delete_package_versions", {}, {**of, "package": "rover", "versions": part})
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    with ecr, index:
        assert clean_up.handler({}, None) == {"policies": 2, "versions": 102}
        ecr.assert_no_pending_responses()
        index.assert_no_pending_responses()


def test_a_policy_is_one_that_ecr_knows() -> None:
    assert clean_up.lifecycle(30)["rules"][0]["selection"] == {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 30,
    }


def test_releases_are_out_of_reach(stacks: Stacks) -> None:
    """Neither an image repository of releases nor the index of releases is named in what the function can do."""
    assert set(EXPIRES) == {IMAGES["development"], IMAGES["candidate"]}
    (policy,) = (
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in stacks.publishing["Resources"].items()
        if one["Type"] == "AWS::IAM::Policy" and name.startswith("CleanUp")
    )
    by_action: dict[str, Any] = {}
    for statement in policy:
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            by_action[action] = json.dumps(statement["Resource"])
    index = stacks.organisation.require_codeartifact()
    assert f"{index.domain}/{index.development_repository}/" in by_action["codeartifact:DeletePackageVersions"]
    assert f"{index.domain}/{index.repository}/" not in by_action["codeartifact:DeletePackageVersions"]
    assert "repository/dev/*" in by_action["ecr:PutLifecyclePolicy"]
    assert by_action.keys() >= {"ecr:DescribeRepositories", "codeartifact:ListPackages"}


def test_the_schedule_calls_this_function_only(stacks: Stacks) -> None:
    """A rule or a permission that names the broker would be a way around its entry role."""
    found = {name: one for name, one in stacks.publishing["Resources"].items() if name.startswith("CleanUp")}
    (function,) = (name for name, one in found.items() if one["Type"] == "AWS::Lambda::Function")
    (permission,) = (one["Properties"] for one in found.values() if one["Type"] == "AWS::Lambda::Permission")
    (rule,) = (one["Properties"] for one in found.values() if one["Type"] == "AWS::Events::Rule")
    assert permission["FunctionName"] == {"Fn::GetAtt": [function, "Arn"]}
    assert permission["Principal"] == "events.amazonaws.com"
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [function, "Arn"]}]

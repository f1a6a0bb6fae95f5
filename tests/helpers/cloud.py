"""An AWS of our own for a while: moto's server, and what of a template it can deploy."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from rnd import process

if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd.organisation import Aws

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
# What moto's CloudFormation does not know, or could only run in a container. These are held to their template instead.
UNKNOWN = {
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeArtifact::Repository",
    "AWS::CodeBuild::Project",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
    "Custom::ImageBuilder",
}


class Cloud:
    """One account on moto's server.

    Attributes:
        url: The server's address.
        aws: Account and region.
    """

    def __init__(self, url: str, aws: Aws) -> None:
        self.url, self.aws = url, aws

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Return a client of a service."""
        client = boto3.client(  # pyrefly: ignore[no-matching-overload]
            service,
            endpoint_url=self.url,
            region_name=self.aws.region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        client.meta.events.register("before-sign", self._name_account)
        return client

    def _name_account(self, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's own
        request.headers["x-moto-account-id"] = self.aws.account

    def deploy(self, name: str, template: dict[str, Any], **parameters: str) -> None:
        """Deploy what can be deployed of a template."""
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(deployable(self._with_providers(template))),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"

    def _with_providers(self, template: dict[str, Any]) -> dict[str, Any]:
        """Make identity providers by their own call, which moto has, and put their ARN where they are referred to."""
        resources = template["Resources"]
        providers = {name: one for name, one in resources.items() if one["Type"] == "AWS::IAM::OIDCProvider"}
        left = {name: one for name, one in resources.items() if name not in providers}
        for name, one in left.items():
            if set(one.get("DependsOn", [])) & set(providers):
                left[name] = one | {"DependsOn": [other for other in one["DependsOn"] if other not in providers]}
        text = json.dumps(template | {"Resources": left})
        for name, provider in providers.items():
            made = self.client("iam").create_open_id_connect_provider(
                Url=provider["Properties"]["Url"], ClientIDList=provider["Properties"]["ClientIdList"]
            )
            arn = json.dumps(made["OpenIDConnectProviderArn"])
            for reference in ({"Ref": name}, {"Fn::GetAtt": [name, "Arn"]}):
                text = text.replace(json.dumps(reference), arn)
        changed: dict[str, Any] = json.loads(text)
        return changed


@contextmanager
def serve(log: Path) -> Generator[str]:
    """Start moto's server on a free port, yield its address, and stop it in the end.

    It is a process of its own: in this one, whatever else uses moto would empty it.

    Args:
        log: The file that takes what it says.
    """

    def address() -> str:
        found = ADDRESS.search(log.read_text(encoding="utf-8"))
        return found[0] if found else ""

    program = str(Path(sys.executable).with_name("moto_server"))
    with process.serving(program, "--host", "127.0.0.1", "--port", "0", log=log, ready=lambda: bool(address())):
        yield address()


def deployable(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template without what moto does not know, nor what refers to that; names where moto makes bad ones."""
    resources = dict(template["Resources"])
    lost = {name for name, resource in resources.items() if resource["Type"] in UNKNOWN}
    while lost:
        resources = {name: one for name, one in resources.items() if name not in lost}
        gone = template["Resources"].keys() - resources
        lost = {name for name, one in resources.items() if _references(one) & gone}
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::ECR::Repository":
            resources[name] = resource | {"Properties": {"RepositoryName": name.lower()} | properties}
        if resource["Type"] == "AWS::SQS::Queue" and properties.get("FifoQueue"):
            resources[name] = resource | {"Properties": {"QueueName": f"{name}.fifo"} | properties}
    return template | {"Resources": resources, "Outputs": {}}


def _references(node: object) -> set[str]:
    """Return the logical names that a part of a template refers to."""
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(_references, node.values()))
    if isinstance(named := node.get("Ref"), str):
        found.add(named)
    if isinstance(named := node.get("Fn::GetAtt"), list):
        found.add(named[0])
    depends = node.get("DependsOn", [])
    return found | set([depends] if isinstance(depends, str) else depends)

"""Summarise CloudFormation templates: the classes of machines, and the purpose of each resource type. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Template = Mapping[str, Any]
    Resources = Mapping[str, Mapping[str, Any]]

CLASS_TAG = "rnd:runner-class"  # on machines and disks, for cost allocation
DAYS = {"1-5": "Mon-Fri", "1-6": "Mon-Sat", "*": "Mon-Sun"}
PURPOSES = {
    "AWS::AutoScaling::AutoScalingGroup": "the machines of a class: instance types, minimum and maximum",
    "AWS::AutoScaling::ScheduledAction": "more machines when business hours begin, fewer when they end, in local time",
    "AWS::CloudFormation::WaitCondition": "lets a deployment wait for the first runner image",
    "AWS::CloudFormation::WaitConditionHandle": "lets a deployment wait for the first runner image",
    "AWS::CloudWatch::Alarm": "a job that waits, a job without a runner, failing functions, an old image",
    "AWS::CodeArtifact::Repository": "the package index of development versions",
    "AWS::CodeBuild::Project": "builds the runner image weekly, and when the base image in it has been pushed",
    "AWS::DynamoDB::Table": "the runner that was started for each job, to replace one that took another job",
    "AWS::EC2::EIP": "the public address of the gateway; machines have none",
    "AWS::EC2::FlowLog": "log of rejected traffic",
    "AWS::EC2::InternetGateway": "internet access",
    "AWS::EC2::LaunchTemplate": "configuration of a machine: image, encrypted disk, IMDSv2, no public address",
    "AWS::EC2::NatGateway": "internet access for machines without a public address",
    "AWS::EC2::Route": "routes",
    "AWS::EC2::RouteTable": "routes",
    "AWS::EC2::SecurityGroup": "outbound traffic only",
    "AWS::EC2::Subnet": "one per zone for machines, one for the gateway",
    "AWS::EC2::SubnetRouteTableAssociation": "routes",
    "AWS::EC2::VPC": "a separate network",
    "AWS::EC2::VPCEndpoint": "image layers from S3 without the gateway and its cost",
    "AWS::EC2::VPCGatewayAttachment": "internet access",
    "AWS::ECR::Repository": "the base images, and the runner image of each class",
    "AWS::ECS::CapacityProvider": "scales a group with the number of waiting jobs, up to its maximum",
    "AWS::ECS::Cluster": "places runners on machines",
    "AWS::ECS::ClusterCapacityProviderAssociations": "joins cluster and groups",
    "AWS::ECS::TaskDefinition": "an ephemeral runner: one job per runner",
    "AWS::Events::Rule": "image builds, the age of images and of jobs, lost webhooks, the clean-up",
    "AWS::IAM::InstanceProfile": "gives a machine its role",
    "AWS::IAM::OIDCProvider": "lets AWS trust GitHub's tokens",
    "AWS::IAM::Policy": "what each role may do",
    "AWS::IAM::Role": "one for each function, for machines, for jobs, and for each identity",
    "AWS::KMS::Alias": "the names of the keys of the GitHub Apps",
    "AWS::KMS::Key": "the keys of the GitHub Apps, imported by hand; they sign and cannot be read",
    "AWS::Lambda::EventSourceMapping": "passes queued runner checks to their function",
    "AWS::Lambda::Function": "the broker, GitHub's webhook, runner tokens, idle runners, ages, the clean-up",
    "AWS::Lambda::LayerVersion": "the labels of each class, for the webhook",
    "AWS::Lambda::Permission": "who may call a function",
    "AWS::Lambda::Url": "the address of the webhook; GitHub signs its payload",
    "AWS::Logs::LogGroup": "logs, kept for a month; the broker's for three",
    "AWS::Logs::SubscriptionFilter": "reports which runner took which job",
    "AWS::SNS::Topic": "the alarms; subscribe to get them",
    "AWS::SNS::TopicPolicy": "lets alarms publish, over TLS only",
    "AWS::SQS::Queue": "runners to check again later",
    "AWS::SQS::QueuePolicy": "TLS only",
    "AWS::SecretsManager::Secret": "the key of the GitHub App and the webhook's secret; set by hand",
    "AWS::StepFunctions::StateMachine": "for each queued job: gets a token, starts a runner, retries, cleans up",
    "Custom::ImageBuilder": "starts the first build of a runner image",
}


@dataclass(frozen=True)
class MachineClass:
    """A class of machines in a template.

    Attributes:
        name: The name of the class.
        instances: The instance types that can be used.
        disk_gb: Size of the disk, in GB.
        encrypted: Whether the disk is encrypted.
        always_on: Minimum number of machines.
        maximum: Maximum number of machines.
        schedules: Changes of the minimum: cron expression, time zone, new minimum.
    """

    name: str
    instances: tuple[str, ...]
    disk_gb: int
    encrypted: bool
    always_on: int
    maximum: int
    schedules: tuple[tuple[str, str, int], ...]


def in_words(recurrence: str) -> str:
    """Return a cron expression in readable form, such as `Mon-Fri 08:00`."""
    minute, hour, _, _, days = recurrence.split()
    return f"{DAYS[days]} {int(hour):02}:{int(minute):02}"


def machine_classes(template: Template) -> Iterator[MachineClass]:
    """Yield the classes of machines in a template."""
    resources: Resources = template["Resources"]
    for name, group in _of_type(resources, "AWS::AutoScaling::AutoScalingGroup"):
        machines = group["MixedInstancesPolicy"]["LaunchTemplate"]
        launch = resources[machines["LaunchTemplateSpecification"]["LaunchTemplateId"]["Ref"]]["Properties"]
        disk = launch["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]
        schedules = [
            (action["Recurrence"], action["TimeZone"], action["MinSize"])
            for _, action in _of_type(resources, "AWS::AutoScaling::ScheduledAction")
            if action["AutoScalingGroupName"] == {"Ref": name}
        ]
        yield MachineClass(
            next(tag["Value"] for tag in group["Tags"] if tag["Key"] == CLASS_TAG),
            tuple(override["InstanceType"] for override in machines["Overrides"]),
            disk["VolumeSize"],
            disk["Encrypted"],
            int(group["MinSize"]),
            int(group["MaxSize"]),
            tuple(schedules),
        )


def _of_type(resources: Resources, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def count_resources(templates: Mapping[str, Template]) -> list[tuple[str, str, int, str]]:
    """Return stack, type, number and purpose of each resource type."""
    return [
        (stack, kind, number, PURPOSES.get(kind, ""))
        for stack, template in templates.items()
        for kind, number in sorted(Counter(one["Type"] for one in template["Resources"].values()).items())
    ]

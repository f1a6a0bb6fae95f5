"""What templates would deploy: the classes of machines, and what each kind of resource is for. Touches nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Template = Mapping[str, Any]
    Resources = Mapping[str, Mapping[str, Any]]

CLASS_TAG = "rnd:runner-class"  # what machines, disks and bills are told apart by
DAYS = {"1-5": "Mon-Fri", "1-6": "Mon-Sat", "*": "Mon-Sun"}
PURPOSES = {
    "AWS::AutoScaling::AutoScalingGroup": "the machines of a class: which types, how many at least and at most",
    "AWS::AutoScaling::ScheduledAction": "more machines when business hours begin, fewer when they end, in local time",
    "AWS::CloudFormation::WaitCondition": "lets a deployment wait for the first runner image",
    "AWS::CloudFormation::WaitConditionHandle": "the same",
    "AWS::CloudWatch::Alarm": "a stuck queue, a job without a runner, failing functions, an old image",
    "AWS::CodeBuild::Project": "builds the image that runners start from, every week",
    "AWS::DynamoDB::Table": "which runner was started for which job, so that a taken one is replaced",
    "AWS::EC2::EIP": "the one public address, of the gateway; no machine has one",
    "AWS::EC2::FlowLog": "what the network refused",
    "AWS::EC2::InternetGateway": "the way out",
    "AWS::EC2::LaunchTemplate": "how a machine is made: image, encrypted disk, IMDSv2, no public address",
    "AWS::EC2::NatGateway": "the way out for machines without a public address",
    "AWS::EC2::Route": "routes",
    "AWS::EC2::RouteTable": "routes",
    "AWS::EC2::SecurityGroup": "out to anywhere, in from nowhere",
    "AWS::EC2::Subnet": "in each zone one for machines, and one for the gateway",
    "AWS::EC2::SubnetRouteTableAssociation": "routes",
    "AWS::EC2::VPC": "a network of their own",
    "AWS::EC2::VPCEndpoint": "image layers from S3 without the gateway, and without its price",
    "AWS::EC2::VPCGatewayAttachment": "the way out",
    "AWS::ECR::Repository": "the base images, and for each class the image that runners start from",
    "AWS::ECS::CapacityProvider": "grows a group while jobs wait, up to its maximum, and shrinks it again",
    "AWS::ECS::Cluster": "where runners are placed on machines",
    "AWS::ECS::ClusterCapacityProviderAssociations": "joins cluster and groups",
    "AWS::ECS::TaskDefinition": "how a runner is started: one job, then it is gone",
    "AWS::Events::Rule": "the weekly image, the age of images, webhooks that got lost",
    "AWS::IAM::InstanceProfile": "gives a machine its role",
    "AWS::IAM::OIDCProvider": "lets AWS trust GitHub's tokens",
    "AWS::IAM::Policy": "what each role may do",
    "AWS::IAM::Role": "one for each function, for machines, for jobs, and for publishing",
    "AWS::Lambda::EventSourceMapping": "gives queued looks at runners to their function",
    "AWS::Lambda::Function": "takes GitHub's webhook, gets a runner's token, removes idle runners, measures images",
    "AWS::Lambda::LayerVersion": "which labels belong to which class, for the webhook",
    "AWS::Lambda::Permission": "who may call a function",
    "AWS::Lambda::Url": "the address of the webhook; GitHub signs what it sends there",
    "AWS::Logs::LogGroup": "the logs of all of it, for a month",
    "AWS::Logs::SubscriptionFilter": "tells which runner took which job",
    "AWS::SNS::Topic": "where alarms go; a person subscribes",
    "AWS::SNS::TopicPolicy": "alarms may send there, by TLS alone",
    "AWS::SQS::Queue": "runners to look at again later",
    "AWS::SQS::QueuePolicy": "by TLS alone",
    "AWS::SecretsManager::Secret": "the GitHub App's key, and the webhook's secret; filled by hand",
    "AWS::StepFunctions::StateMachine": "for each queued job: gets a token, starts a runner, tries again, cleans up",
    "Custom::ImageBuilder": "starts the first build of a runner image",
}


@dataclass(frozen=True)
class MachineClass:
    """One class of machines, as a template has it.

    Attributes:
        name: Of the class.
        instances: Instance types, any of which will do.
        disk_gb: Size of the disk.
        encrypted: Whether the disk is.
        always_on: Least number of machines.
        maximum: Most machines.
        schedules: When the least number changes: expression in cron's form, time zone, number from then on.
    """

    name: str
    instances: tuple[str, ...]
    disk_gb: int
    encrypted: bool
    always_on: int
    maximum: int
    schedules: tuple[tuple[str, str, int], ...]


def in_words(recurrence: str) -> str:
    """Return a schedule in cron's form as a person says it."""
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
    """Return stack, type, number and purpose of each kind of resource."""
    return [
        (stack, kind, number, PURPOSES.get(kind, ""))
        for stack, template in templates.items()
        for kind, number in sorted(Counter(one["Type"] for one in template["Resources"].values()).items())
    ]

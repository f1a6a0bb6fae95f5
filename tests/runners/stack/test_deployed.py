"""SPEC §5's table, read back through boto3 from the stack as moto's server has deployed it.

Each line is held to org.yml, of the shipped organisation and of one that has nothing in common with it.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rnd.runners.stack.deployment import CLASS_TAG
from rnd.runners.stack.names import base_images
from tests.helpers.cloud import deployable
from tests.helpers.stacks import CLASSES, ORGANISATIONS

if TYPE_CHECKING:
    from rnd.organisation import Organisation, RunnerClass
    from tests.helpers.cloud import Cloud
    from tests.helpers.stacks import Stacks


@dataclass(frozen=True)
class Deployed:
    """What AWS says of one class.

    Attributes:
        organisation: Whose it is.
        wanted: As org.yml has it.
        group: The auto-scaling group.
        template: The data of the launch template that the group uses.
        schedules: The group's scheduled actions.
    """

    organisation: Organisation
    wanted: RunnerClass
    cloud: Cloud
    group: dict[str, Any]
    template: dict[str, Any]
    schedules: list[dict[str, Any]]


@pytest.fixture(params=CLASSES, ids="/".join)
def deployed(clouds: dict[str, Cloud], request: pytest.FixtureRequest) -> Deployed:
    """One class after another, of each organisation."""
    owner, name = request.param
    cloud, organisation = clouds[owner], ORGANISATIONS[owner]
    scaling, computing = cloud.client("autoscaling"), cloud.client("ec2")
    (group,) = [
        one
        for one in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        if any((tag["Key"], tag["Value"]) == (CLASS_TAG, name) for tag in one["Tags"])
    ]
    used = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    (version,) = computing.describe_launch_template_versions(
        LaunchTemplateId=used["LaunchTemplateId"], Versions=[used["Version"]]
    )["LaunchTemplateVersions"]
    schedules = scaling.describe_scheduled_actions(AutoScalingGroupName=group["AutoScalingGroupName"])
    return Deployed(
        organisation,
        organisation.runners.classes[name],
        cloud,
        group,
        version["LaunchTemplateData"],
        schedules["ScheduledUpdateGroupActions"],
    )


def test_instance_types(deployed: Deployed) -> None:
    overrides = deployed.group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [one["InstanceType"] for one in overrides] == deployed.wanted.instances
    distribution = deployed.group["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == 100, "a job is not interrupted for a better price"
    assert distribution["OnDemandAllocationStrategy"] == "lowest-price", "as the simulation reckons"


def test_disk(deployed: Deployed) -> None:
    (disk,) = deployed.template["BlockDeviceMappings"]
    assert disk["Ebs"]["VolumeSize"] == deployed.wanted.disk_gb
    assert disk["Ebs"]["Encrypted"] is True
    assert disk["Ebs"]["DeleteOnTermination"] is True


def test_always_on_and_maximum(deployed: Deployed) -> None:
    assert deployed.group["MinSize"] == deployed.wanted.always_on
    assert deployed.group["MaxSize"] == deployed.wanted.maximum
    assert deployed.group["DesiredCapacity"] == deployed.wanted.always_on
    assert deployed.group["NewInstancesProtectedFromScaleIn"] is True, "a machine that works is not taken away"


def test_business_hours(deployed: Deployed) -> None:
    runners, wanted = deployed.organisation.runners, deployed.wanted
    days = {"Mon-Fri": "1-5", "Mon-Sat": "1-6", "Mon-Sun": "*"}[runners.business_hours.days]

    def cron(time: str) -> str:
        return f"{int(time[3:])} {int(time[:2])} * * {days}"

    expected = {
        (cron(runners.business_hours.start), wanted.always_on + wanted.business_hours_extra),
        (cron(runners.business_hours.end), wanted.always_on),
    }
    assert {(one["Recurrence"], one["MinSize"]) for one in deployed.schedules} == expected
    assert {one["TimeZone"] for one in deployed.schedules} == {runners.timezone}


def test_machines_are_closed(deployed: Deployed) -> None:
    assert deployed.template["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    (interface,) = deployed.template["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    computing = deployed.cloud.client("ec2")
    (guard,) = computing.describe_security_groups(GroupIds=interface["Groups"])["SecurityGroups"]
    assert guard["IpPermissions"] == []
    assert "KeyName" not in deployed.template


def test_machines_are_in_private_subnets_of_all_zones(deployed: Deployed) -> None:
    computing = deployed.cloud.client("ec2")
    chosen = deployed.group["VPCZoneIdentifier"].split(",")
    subnets = computing.describe_subnets(SubnetIds=chosen)["Subnets"]
    assert (
        sorted(one["AvailabilityZone"] for one in subnets) == deployed.organisation.runners.network.availability_zones
    )
    assert not any(one["MapPublicIpOnLaunch"] for one in subnets)
    for table in computing.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": chosen}])[
        "RouteTables"
    ]:
        (out,) = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out["NatGatewayId"]
        assert "GatewayId" not in out


def test_image_and_start(deployed: Deployed) -> None:
    path = "amazon-linux-2023/gpu/recommended" if deployed.wanted.gpus else "amazon-linux-2023/recommended"
    assert deployed.template["ImageId"] == f"resolve:ssm:/aws/service/ecs/optimized-ami/{path}/image_id"
    script = base64.b64decode(deployed.template["UserData"]).decode()
    assert "docker pull" in script, "the runner's image is there before the first job is"


def test_a_task_takes_one_job(deployed: Deployed) -> None:
    tasks = deployed.cloud.client("ecs")
    definitions = [
        tasks.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        for arn in tasks.list_task_definitions()["taskDefinitionArns"]
    ]
    commands = [one["containerDefinitions"][0] for one in definitions]
    assert all("--ephemeral" in one["command"][-1] for one in commands)
    wanted = deployed.wanted.gpus
    gpus = [int(one["resourceRequirements"][0]["value"]) for one in commands if one.get("resourceRequirements")]
    assert sorted(gpus) == sorted(one.gpus for one in deployed.organisation.runners.classes.values() if one.gpus)
    assert not wanted or wanted in gpus


def test_no_two_jobs_fit_on_a_machine_of_any_type(deployed: Deployed) -> None:
    """ECS reckons by that how many machines the waiting jobs need. The sizes are AWS's own, which moto carries."""
    types = deployed.cloud.client("ec2").describe_instance_types(InstanceTypes=deployed.wanted.instances)
    units = [1024 * one["VCpuInfo"]["DefaultVCpus"] for one in types["InstanceTypes"]]
    assert len(units) == len(deployed.wanted.instances)
    tasks = deployed.cloud.client("ecs")
    reserved = {
        tasks.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0]["cpu"]
        for arn in tasks.list_task_definitions()["taskDefinitionArns"]
    }
    assert any(max(units) < 2 * one and one <= min(units) for one in reserved)


def test_a_job_gets_all_gpus_of_a_machine(deployed: Deployed) -> None:
    types = deployed.cloud.client("ec2").describe_instance_types(InstanceTypes=deployed.wanted.instances)
    for one in types["InstanceTypes"]:
        there = sum(gpu["Count"] for gpu in one.get("GpuInfo", {}).get("Gpus", []))
        assert there == deployed.wanted.gpus, one["InstanceType"]


def test_base_image_repositories_are_there(clouds: dict[str, Cloud]) -> None:
    for owner, cloud in clouds.items():
        found = {one["repositoryName"] for one in cloud.client("ecr").describe_repositories()["repositories"]}
        assert {name for name, _ in base_images(ORGANISATIONS[owner]).values()} <= found


def test_what_is_not_deployed_here(stacks: Stacks) -> None:
    """What moto cannot deploy is named in `cloud`; with it goes what belongs to it, and nothing that is read here."""
    kept = deployable(stacks.fleet)["Resources"]
    lost = {one["Type"] for name, one in stacks.fleet["Resources"].items() if name not in kept}
    for kind in ("AutoScalingGroup", "ScheduledAction"):
        assert f"AWS::AutoScaling::{kind}" not in lost
    assert not any(re.match(r"AWS::EC2::", kind) for kind in lost)
    assert len(kept) > len(stacks.fleet["Resources"]) / 2

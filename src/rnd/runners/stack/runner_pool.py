"""The machines of one class: auto-scaling group, schedules, runner image, runner provider."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from aws_cdk import Duration, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from cloudsnorkel import cdk_github_runners as github_runners
from constructs import Construct

from rnd.runners.stack import kept_images
from rnd.runners.stack.deployment import CLASS_TAG, DAYS
from rnd.runners.stack.names import base_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.organisation import Organisation

# Amazon Linux 2023 with Docker and the ECS agent, and for GPUs with NVIDIA's driver and container toolkit. The
# parameter is resolved when a machine is launched, so that each machine has the latest security updates.
IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
GPU_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
ROOT_DEVICE = "/dev/xvda"
# A machine is replaced after this time, between two jobs; files that a job leaves behind do not persist longer.
LIFETIME = Duration.days(7)
# From zero machines ECS starts two, and takes no further step until they count:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html. The default is 300 seconds.
WARM_UP = 240
REBUILD = Duration.days(7)
UNITS = 1024  # ECS CPU units of one processor
RETENTION = logs.RetentionDays.ONE_MONTH
CRON_DAYS = {said: days for days, said in DAYS.items()}
# The image store whose names for images, the digests of their configurations, `docker save` keeps. New installations of
# Docker 29 have another one: https://docs.docker.com/engine/storage/containerd/
IMAGE_STORE = """echo '{"features": {"containerd-snapshotter": false}}' > /etc/docker/daemon.json"""


class RunnerPool(Construct):
    """The machines of one class.

    Attributes:
        group: The auto-scaling group.
        capacity: The capacity provider, with which ECS scales the group.
        provider: The provider that starts a runner for a job.
        image: The builder of the runner image.
    """

    def __init__(self, scope: Construct, name: str, organisation: Organisation, cluster: ecs.Cluster) -> None:
        super().__init__(scope, name)
        self.wanted = organisation.runners.classes[name]
        security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=cluster.vpc, description=f"{name}: out to anywhere, in from nowhere"
        )
        self.group = self._group(cluster, self._launch_template(security_group))
        self._schedule(organisation)
        self.capacity = ecs.AsgCapacityProvider(
            self,
            "Capacity",
            auto_scaling_group=self.group,
            target_capacity_percent=100,
            enable_managed_termination_protection=True,
            enable_managed_draining=True,
            instance_warmup_period=WARM_UP,
        )
        self.image = self._image(organisation)
        Tags.of(self).add(CLASS_TAG, name)
        self.provider = github_runners.EcsRunnerProvider(
            self,
            "Provider",
            vpc=cluster.vpc,
            cluster=cluster,
            capacity_provider=self.capacity,
            security_groups=[security_group],
            image_builder=self.image,
            labels=[label for label in self.wanted.labels if label != "self-hosted"],
            gpu=self.wanted.gpus or None,
            # One job per machine, with all its processors and memory: a reservation is not a limit.
            placement_constraints=[ecs.PlacementConstraint.distinct_instances()],
            cpu=reserved_units(self.wanted.instances),
            memory_reservation_mib=1024,
            log_retention=RETENTION,
        )
        self._keep_current(organisation)

    def _launch_template(self, security_group: ec2.SecurityGroup) -> ec2.LaunchTemplate:
        image = GPU_IMAGE if self.wanted.gpus else IMAGE
        # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
        role = iam.Role(self, "InstanceRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        disk = ec2.BlockDeviceVolume.ebs(
            self.wanted.disk_gb, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
        )
        return ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            machine_image=ec2.MachineImage.resolve_ssm_parameter_at_launch(image),
            security_group=security_group,
            # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
            role=role,
            user_data=ec2.UserData.for_linux(),
            block_devices=[ec2.BlockDevice(device_name=ROOT_DEVICE, volume=disk)],
            associate_public_ip_address=False,
            require_imdsv2=True,
            http_tokens=ec2.LaunchTemplateHttpTokens.REQUIRED,
            # With one hop, containers cannot reach the metadata service and so cannot use the instance's role.
            http_put_response_hop_limit=1,
        )

    def _group(self, cluster: ecs.Cluster, template: ec2.LaunchTemplate) -> autoscaling.AutoScalingGroup:
        types = [
            autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(instance))
            for instance in self.wanted.instances
        ]
        return autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=cluster.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            min_capacity=self.wanted.always_on,
            max_capacity=self.wanted.maximum,
            new_instances_protected_from_scale_in=True,
            max_instance_lifetime=LIFETIME,
            group_metrics=[autoscaling.GroupMetrics.all()],
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=template,
                launch_template_overrides=types,
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_percentage_above_base_capacity=100,
                    on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.LOWEST_PRICE,
                ),
            ),
        )

    def _schedule(self, organisation: Organisation) -> None:
        runners = organisation.runners
        if not self.wanted.business_hours_extra:
            return
        for name, time, machines in (
            ("Open", runners.business_hours.start, self.wanted.always_on + self.wanted.business_hours_extra),
            ("Close", runners.business_hours.end, self.wanted.always_on),
        ):
            hour, minute = time.split(":")
            self.group.scale_on_schedule(
                name,
                schedule=autoscaling.Schedule.expression(
                    f"{int(minute)} {int(hour)} * * {CRON_DAYS[runners.business_hours.days]}"
                ),
                time_zone=runners.timezone,
                min_capacity=machines,
            )

    def _image(self, organisation: Organisation) -> github_runners.IConfigurableRunnerImageBuilder:
        """Return the builder of the runner image; AWS runs it weekly, and when there is another image for jobs."""
        kept = kept_images.kept_images(organisation)
        builder = github_runners.EcsRunnerProvider.image_builder(
            self,
            "Image",
            rebuild_interval=REBUILD,
            log_retention=RETENTION,
            docker_setup_commands=kept_images.save_commands(kept),
        )
        builder.add_component(_component("EcrLogin", ecr_login(organisation.image_registry.address)))
        builder.add_component(_component("ImageStore", ["mkdir -p /etc/docker", IMAGE_STORE]))
        if self.wanted.gpus:
            builder.add_component(_component("NvidiaContainerToolkit", NVIDIA_CONTAINER_TOOLKIT))
        # Last, so that most layers are the same in each image of a week.
        copied = [f"COPY {kept_images.BUILT} {kept_images.KEPT}/"]
        builder.add_component(github_runners.RunnerImageComponent.custom(name="BaseImages", docker_commands=copied))
        builder.add_component(github_runners.RunnerImageComponent.job_started_hook(str(kept_images.LOAD)))
        return builder

    def _keep_current(self, organisation: Organisation) -> None:
        """Build the runner image again when the base image that it contains has been pushed.

        Otherwise, until the next weekly build, jobs would download the new one. The event is documented at
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html.
        """
        name, tag = base_images(organisation)[organisation.python.default]
        ecr.Repository.from_repository_name(self, "BaseImages", name).grant_pull(self.image)
        (project,) = (one for one in self.node.find_all() if isinstance(one, codebuild.Project))
        pushed = {"action-type": ["PUSH"], "result": ["SUCCESS"], "repository-name": [name], "image-tag": [tag]}
        pattern = events.EventPattern(source=["aws.ecr"], detail_type=["ECR Image Action"], detail=pushed)
        # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
        events.Rule(self, "NewBaseImage", event_pattern=pattern, targets=[targets.CodeBuildProject(project)])


def reserved_units(instances: Sequence[str]) -> int:
    """Return the CPU units that a job reserves: three quarters of those of the smallest instance type.

    Two jobs then never fit on one machine, so ECS, which computes the number of machines from the number of jobs that
    fit on one, launches one machine per job. Sizes in AWS: `large` has 2 processors, `xlarge` 4, `2xlarge` 8; any other
    size counts as 1.
    """
    sizes = [re.fullmatch(r"[^.]+\.(\d*)(x?)large", instance) for instance in instances]
    processors = [(4 * int(found[1] or 1) if found[2] else 2) if found else 1 for found in sizes]
    return UNITS * 3 * min(processors) // 4


def _component(name: str, commands: Sequence[str]) -> github_runners.RunnerImageComponent:
    return github_runners.RunnerImageComponent.custom(name=name, commands=list(commands))


def ecr_login(registry: str) -> list[str]:
    """Return the commands that configure Docker to sign in to an ECR registry with the role of the runner.

    GitHub's runner pulls the image in `container:` before the first step runs, so no step can sign in.
    """
    configuration = json.dumps({"credHelpers": {registry: "ecr-login"}})
    return [
        "DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -y amazon-ecr-credential-helper",
        "mkdir -p /home/runner/.docker",
        f"echo '{configuration}' > /home/runner/.docker/config.json",
        "chown -R runner /home/runner/.docker",
    ]


# The toolkit on the machine passes the GPU to the runner; this one passes it to the containers of a job.
NVIDIA_CONTAINER_TOOLKIT = (
    "curl --retry 5 --retry-all-errors -fsSL https://nvidia.github.io/libnvidia-container/gpgkey"
    " | gpg --dearmor -o /usr/share/keyrings/nvidia-container-toolkit.gpg",
    "echo 'deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit.gpg]"
    " https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /'"
    " > /etc/apt/sources.list.d/nvidia-container-toolkit.list",
    "apt-get -o Acquire::Retries=5 update",
    "DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -y nvidia-container-toolkit",
    "nvidia-ctk runtime configure --runtime=docker --set-as-default",
)

"""The runner stack: a network, a pool of machines per class, and the functions that start a runner for each job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from cloudsnorkel import cdk_github_runners as github_runners

from rnd.runners.stack import names
from rnd.runners.stack.runner_pool import RunnerPool

if TYPE_CHECKING:
    from aws_cdk import Environment
    from constructs import Construct

    from rnd.organisation import Organisation

# ECS stops a task that has waited for a machine for 10 to 30 minutes, and the next attempt comes after 7.5 minutes on
# average: this many last about as long as GitHub keeps a job queued, which is 24 hours.
ATTEMPTS = 60
RETENTION = logs.RetentionDays.ONE_MONTH


class RunnerStack(Stack):
    """The resources that run jobs.

    Attributes:
        pools: The pool of machines of each class, by name.
        runners: The functions and the state machine that start runners.
        orchestrator: That state machine, which has one execution for each job.
    """

    def __init__(self, scope: Construct, name: str, organisation: Organisation, env: Environment) -> None:
        super().__init__(scope, name, env=env, description=f"GitHub runners of {organisation.name}")
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=self._network(organisation),
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        self.pools = {name: RunnerPool(self, name, organisation, self.cluster) for name in organisation.runners.classes}
        for pool in self.pools.values():
            self._allow_pulls(pool, organisation)
        self.runners = github_runners.GitHubRunners(
            self,
            "Runners",
            providers=[pool.provider for pool in self.pools.values()],
            setup_access=github_runners.LambdaAccess.no_access(),
            status_access=github_runners.LambdaAccess.no_access(),
            webhook_access=github_runners.LambdaAccess.lambda_url(),
            log_options=github_runners.LogOptions(log_retention=RETENTION, include_execution_data=False),
            retry_options=github_runners.ProviderRetryOptions(max_attempts=ATTEMPTS),
        )
        (self.orchestrator,) = (one for one in self.runners.node.find_all() if isinstance(one, sfn.StateMachine))
        for queue in self.runners.node.find_all():
            if isinstance(queue, sqs.Queue):
                self._refuse_plain_text(queue)

    def _network(self, organisation: Organisation) -> ec2.Vpc:
        wanted = organisation.runners.network
        network = ec2.Vpc(
            self,
            "Network",
            ip_addresses=ec2.IpAddresses.cidr(wanted.cidr),
            availability_zones=wanted.availability_zones,
            nat_gateways=1,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Out", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=28, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="Machines", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ],
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
        )
        network.add_flow_log("Refused", traffic_type=ec2.FlowLogTrafficType.REJECT)
        return network

    def _refuse_plain_text(self, queue: sqs.Queue) -> None:
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
                principals=[iam.AnyPrincipal()],
                actions=["sqs:*"],
                resources=[queue.queue_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            )
        )

    def _allow_pulls(self, pool: RunnerPool, organisation: Organisation) -> None:
        """Allow jobs to pull the base images: an image of another project needs its repository's own policy."""
        allowed = {name for name, _ in names.base_images(organisation).values()}
        repositories = [
            self.format_arn(service="ecr", resource="repository", resource_name=name) for name in sorted(allowed)
        ]
        principal = pool.provider.grant_principal
        for actions, resources in (
            (["ecr:GetAuthorizationToken"], ["*"]),
            (["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repositories),
        ):
            principal.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=resources))

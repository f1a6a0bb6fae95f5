"""The alarms of the runner stack: a stuck queue, failures, an old image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from rnd.runners.stack import image_age
from rnd.runners.stack.names import base_images

if TYPE_CHECKING:
    from rnd.organisation import Organisation
    from rnd.runners.stack.runner_stack import RunnerStack

OLDEST_DAYS = 14
QUEUE_PATIENCE = Duration.hours(1)
LOOK = Duration.minutes(5)


class Alarms(Construct):
    """The alarms and the SNS topic that they notify.

    Attributes:
        topic: The topic to subscribe to.
    """

    def __init__(self, stack: RunnerStack, organisation: Organisation) -> None:
        super().__init__(stack, "Alarms")
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, display_name=f"Runners of {organisation.name}")
        self.topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
        for name, pool in stack.pools.items():
            metric = cloudwatch.Metric(
                namespace="AWS/ECS/ManagedScaling",
                metric_name="CapacityProviderReservation",
                dimensions_map={
                    "ClusterName": stack.cluster.cluster_name,
                    "CapacityProviderName": pool.capacity.capacity_provider_name,
                },
                statistic="Minimum",
                period=LOOK,
            )
            periods = int(QUEUE_PATIENCE.to_minutes() / LOOK.to_minutes())
            text = f"{name}: jobs have been waiting for a machine for an hour."
            self._alarm(f"StuckQueue-{name}", text, metric, above=100, periods=periods)
        failed = stack.runners.metric_failed(statistic="Sum", period=Duration.hours(1))
        self._alarm("NoRunner", "A job got no runner after a day of retries.", failed, above=0)
        errors = stack.runners.metric_lambda_errors(period=Duration.minutes(15))
        self._alarm(
            "ManagementErrors",
            "The functions that start runners have failed for half an hour.",
            errors,
            above=0,
            periods=2,
        )
        self._watch_images(stack, organisation)

    def _watch_images(self, stack: RunnerStack, organisation: Organisation) -> None:
        images = [[name, tag] for name, tag in base_images(organisation).values()]
        runner_images = [pool.image.bind_docker_image() for pool in stack.pools.values()]
        images += [[image.image_repository.repository_name, image.image_tag] for image in runner_images]
        log = logs.LogGroup(self, "ImageAgeLog", retention=logs.RetentionDays.ONE_MONTH)
        role = iam.Role(self, "ImageAgeRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(role)
        function = functions.Function(
            self,
            "ImageAge",
            description="Measures the age of the images that jobs run in",
            runtime=functions.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=functions.Code.from_inline(Path(image_age.__file__).read_text(encoding="utf-8")),
            environment={"IMAGES": stack.to_json_string(images)},
            timeout=Duration.minutes(1),
            log_group=log,
            role=role,
        )
        names = sorted({name for name, _ in base_images(organisation).values()})
        repositories = [stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in names]
        repositories += [image.image_repository.repository_arn for image in runner_images]
        function.add_to_role_policy(iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=repositories))
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": image_age.NAMESPACE}},
            )
        )
        rule = events.Rule(self, "ImageAgeRule", schedule=events.Schedule.rate(Duration.hours(6)))
        rule.add_target(targets.LambdaFunction(function))
        metric = cloudwatch.Metric(
            namespace=image_age.NAMESPACE, metric_name=image_age.OLDEST, statistic="Maximum", period=Duration.days(1)
        )
        text = f"An image that jobs run in is older than {OLDEST_DAYS} days, or missing."
        missing = cloudwatch.TreatMissingData.BREACHING
        self._alarm("OldImage", text, metric, above=OLDEST_DAYS, missing=missing)

    def _alarm(
        self,
        name: str,
        text: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=text,
            metric=metric,
            threshold=above,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

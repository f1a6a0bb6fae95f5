"""The alarms of the runner stack: a stuck queue, failures, an old image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from rnd.runners.stack import image_age, job_age
from rnd.runners.stack.names import base_images
from rnd.runners.stack.scheduled import publish_metrics, scheduled

if TYPE_CHECKING:
    from rnd.organisation import Organisation
    from rnd.runners.stack.runner_stack import RunnerStack

OLDEST_DAYS = 14
PATIENCE = 45  # minutes; under load, 99 of 100 jobs wait for less, see docs/how-to/choose-machines.md
STUCK_PERIODS = 2
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
        self._watch_jobs(stack)
        failed = stack.runners.metric_failed(statistic="Sum", period=Duration.hours(1))
        self._alarm("NoRunner", "A job got no runner after all attempts, which take about a day.", failed, above=0)
        errors = stack.runners.metric_lambda_errors(period=Duration.minutes(15))
        self._alarm(
            "ManagementErrors",
            "The functions that start runners have failed for half an hour.",
            errors,
            above=0,
            periods=2,
        )
        self._watch_images(stack, organisation)

    def _watch_jobs(self, stack: RunnerStack) -> None:
        """One job that never gets a machine moves no average: what counts is how long the oldest has waited."""
        machine = stack.orchestrator
        environment = {"STATE_MACHINE": machine.state_machine_arn, "CLUSTER": stack.cluster.cluster_name}
        tasks = stack.format_arn(service="ecs", resource="task", resource_name=f"{stack.cluster.cluster_name}/*")
        limited = {"ArnEquals": {"ecs:cluster": stack.cluster.cluster_arn}}
        statements = [
            iam.PolicyStatement(actions=["states:ListExecutions"], resources=[machine.state_machine_arn]),
            iam.PolicyStatement(actions=["ecs:ListTasks"], resources=["*"], conditions=limited),
            iam.PolicyStatement(actions=["ecs:DescribeTasks"], resources=[tasks]),
            publish_metrics(job_age.NAMESPACE),
        ]
        scheduled(self, "JobAge", job_age, LOOK, environment, statements)
        metric = cloudwatch.Metric(
            namespace=job_age.NAMESPACE, metric_name=job_age.OLDEST, statistic="Maximum", period=LOOK
        )
        text = f"A job has been waiting for a machine for more than {PATIENCE} minutes."
        missing = cloudwatch.TreatMissingData.BREACHING  # the function that measures it does not run
        self._alarm("StuckQueue", text, metric, above=PATIENCE, periods=STUCK_PERIODS, missing=missing)

    def _watch_images(self, stack: RunnerStack, organisation: Organisation) -> None:
        images = [[name, tag] for name, tag in base_images(organisation).values()]
        runner_images = [pool.image.bind_docker_image() for pool in stack.pools.values()]
        images += [[image.image_repository.repository_name, image.image_tag] for image in runner_images]
        names = sorted({name for name, _ in base_images(organisation).values()})
        repositories = [stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in names]
        repositories += [image.image_repository.repository_arn for image in runner_images]
        reading = iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=repositories)
        environment = {"IMAGES": stack.to_json_string(images)}
        statements = [reading, publish_metrics(image_age.NAMESPACE)]
        scheduled(self, "ImageAge", image_age, Duration.hours(6), environment, statements)
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
        # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
        alarm.add_alarm_action(actions.SnsAction(self.topic))

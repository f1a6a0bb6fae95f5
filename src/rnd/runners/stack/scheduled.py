"""A function of AWS Lambda that runs on a schedule, from a module of this package that imports nothing from `rnd`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from constructs import Construct

METRICS = "cloudwatch:PutMetricData"


def scheduled(
    scope: Construct,
    name: str,
    module: ModuleType,
    every: Duration,
    environment: Mapping[str, str],
    statements: Sequence[iam.PolicyStatement],
) -> None:
    """Add a function, its role, its log and its schedule.

    Args:
        scope: Where.
        name: Of the constructs; the first line of the module's docstring describes the function.
        module: With a function `handler`; its code is inline, so at most 4,096 characters.
        every: How often it runs.
        environment: Its variables.
        statements: What it can do.
    """
    log = logs.LogGroup(scope, f"{name}Log", retention=logs.RetentionDays.ONE_MONTH)
    # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
    role = iam.Role(scope, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log.grant_write(role)
    function = functions.Function(
        scope,
        name,
        description=(module.__doc__ or "").partition("\n")[0],
        runtime=functions.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=functions.Code.from_inline(Path(str(module.__file__)).read_text(encoding="utf-8")),
        environment=dict(environment),
        timeout=Duration.minutes(5),
        log_group=log,
        # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
        role=role,
    )
    for statement in statements:
        function.add_to_role_policy(statement)
    # pyrefly: ignore[bad-argument-type]  # jsii's classes name parameters otherwise than their interfaces do
    events.Rule(scope, f"{name}Rule", schedule=events.Schedule.rate(every)).add_target(targets.LambdaFunction(function))


def publish_metrics(namespace: str) -> iam.PolicyStatement:
    """Return what lets a function publish metrics in a namespace."""
    condition = {"StringEquals": {"cloudwatch:namespace": namespace}}
    return iam.PolicyStatement(actions=[METRICS], resources=["*"], conditions=condition)

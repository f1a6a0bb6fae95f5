"""AWS Lambda function of the runner stack that measures how long the oldest job has waited for a machine.

It is deployed as inline code, so it imports nothing from `rnd`. The state machine has one execution for each job, from
queued to done, whose name the task of its runner has in RUNNER_NAME. An execution without a task that runs is a job
that waits. A task that waits stops after 10 to 30 minutes and is started again, so its own age does not help:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMESPACE, OLDEST = "rnd/runners", "OldestQueuedJob"
TASKS = 100  # that one call describes


def waiting(executions: Iterable[Mapping[str, Any]], tasks: Iterable[Mapping[str, Any]], now: datetime) -> float:
    """Return for how many minutes the oldest job without a running task has waited; 0 if none waits.

    Args:
        executions: Of the state machine, as ListExecutions returns those that run.
        tasks: Of the cluster, as DescribeTasks returns them.
        now: The current time.
    """
    started = {
        variable["value"]
        for task in tasks
        if task.get("startedAt") is not None
        for container in task.get("overrides", {}).get("containerOverrides", ())
        for variable in container.get("environment", ())
        if variable["name"] == "RUNNER_NAME"
    }
    ages = [(now - one["startDate"]).total_seconds() / 60 for one in executions if one["name"] not in started]
    return max(ages, default=0.0)


def handler(event: Mapping[str, Any], context: object) -> float:  # noqa: ARG001 - Lambda's signature
    """Publish the wait of the oldest job, in minutes, and return it."""
    machines, containers = boto3.client("stepfunctions"), boto3.client("ecs")
    pages = machines.get_paginator("list_executions").paginate(
        stateMachineArn=os.environ["STATE_MACHINE"], statusFilter="RUNNING"
    )
    executions = [one for page in pages for one in page["executions"]]
    cluster = os.environ["CLUSTER"]
    tasks: list[Any] = []
    for page in containers.get_paginator("list_tasks").paginate(cluster=cluster, PaginationConfig={"PageSize": TASKS}):
        if page["taskArns"]:
            tasks += containers.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
    minutes = waiting(executions, tasks, datetime.now(UTC))
    data: Any = [{"MetricName": OLDEST, "Value": minutes}]
    boto3.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)
    return minutes

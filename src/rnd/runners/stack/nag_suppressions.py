"""Suppressions of cdk-nag's AwsSolutions rules, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_nag import NagPackSuppression, NagSuppressions, RegexAppliesTo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IConstruct


@dataclass(frozen=True)
class Suppression:
    """A suppression of one rule.

    Attributes:
        rule: The rule, without its prefix.
        path: A regular expression for the full construct path of the resource.
        reason: Why the rule does not apply.
        findings: Regular expressions for the findings to suppress, for rules with several findings per resource; all if
            empty.
    """

    rule: str
    path: str
    reason: str
    findings: tuple[str, ...] = ()


ANYTHING = r"Resource::\*"
ENGINE = r"[^/]+/(Runners/.+|build-image-[^/]+)/ServiceRole"
SUPPRESSIONS = (
    Suppression(
        "IAM4",
        rf"{ENGINE}/Resource",
        "The policy lets a function of the engine write its own log only.",
        (r"Policy::arn:.*:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/[^/]+/InstanceRole/DefaultPolicy/Resource",
        "A machine registers with ECS (ecs:Submit* reports the state of its tasks), signs in to ECR, and opens "
        "sessions of Session Manager; AWS does not support limiting these to a resource. Containers cannot use it.",
        (ANYTHING, r"Action::ecs:Submit\*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/[^/]+/Provider/task/TaskRole/DefaultPolicy/Resource",
        "Signing in to ECR and Session Manager's channels cannot be limited to a resource.",
        (ANYTHING,),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/[^/]+/Provider/task/ExecutionRole/DefaultPolicy/Resource",
        "Signing in to ECR cannot be limited to a resource.",
        (ANYTHING,),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/[^/]+/Image/Role/DefaultPolicy/Resource",
        "The engine's image builder reads its own script from the bootstrap bucket, writes its own logs and reports, "
        "and signs in to ECR, which cannot be limited to a resource.",
        (ANYTHING, r"Action::s3:(GetObject|GetBucket|List)\*", r"Resource::arn:.*:(s3|logs|codebuild):.*\*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/Runners/(Idle Reaper|delete-runner|Stolen Runners/Handler|status)/ServiceRole/DefaultPolicy/Resource",
        "The engine stops executions of its own state machine, whose names are known only at run time; it describes "
        "instances, which cannot be limited to a resource, and terminates only instances with its own tags.",
        (ANYTHING, r"Resource::arn:.*:states:.*:execution:.*\*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/Runners/Runner Orchestrator/Role/DefaultPolicy/Resource",
        "The state machine calls each version of its own functions and runs each revision of its own tasks; log "
        "delivery and the state of tasks cannot be limited to a resource.",
        (ANYTHING, r"Resource::<.*\.Arn>:\*", r"Resource::arn:.*:\*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/Alarms/(ImageAge|JobAge)Role/DefaultPolicy/Resource",
        "Publishing a metric cannot be limited to a resource; it is limited to its own namespace. Listing tasks is "
        "limited to the cluster by a condition, and tasks have random names.",
        (ANYTHING, r"Resource::arn:.*:ecs:.*:task/.*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/CleanUpRole/DefaultPolicy/Resource",
        "The function finds the repositories of branches by their names, gives those a lifecycle policy, and deletes "
        "versions in the index of development versions only.",
        (ANYTHING, r"Resource::arn:.*:ecr:.*:repository/.*\*", r"Resource::arn:.*:codeartifact:.*:package/.*"),
    ),
    Suppression(
        "IAM5",
        r"[^/]+/Role-[^/]+",
        "Signing in to ECR and CodeArtifact cannot be limited to a resource. A role serves all repositories of the "
        "organisation; the broker limits each session to one, and stores whose a package is. A stream of a log has a "
        "random name, and a key of an app is named by its alias in a condition.",
        (
            ANYTHING,
            r"Resource::arn:.*:codeartifact:.*:package/.*",
            r"Resource::arn:.*:ecr:.*:repository/.*\*",
            r"Resource::arn:.*:logs:.*:log-group:/aws/lambda/.*:\*",
            r"Resource::arn:.*:ssm:.*:parameter/.*/packages/\*",
            r"Resource::arn:.*:kms:.*:key/\*",
        ),
    ),
    Suppression(
        "AS3",
        r"[^/]+/[^/]+/Group/ASG",
        "Machines start and stop all day; notifications would bury the alarms. The group's metrics show both.",
    ),
    Suppression(
        "EC26",
        r"[^/]+/[^/]+/Group/ASG",
        "The rule cannot read the launch template of a group with several instance types. The disk is "
        "encrypted, which a test checks.",
    ),
    Suppression(
        "CB4",
        r"[^/]+/[^/]+/Image/CodeBuild/Resource",
        "The build's only product is an image in ECR, which encrypts at rest; a key of our own adds no protection.",
    ),
    Suppression(
        "SMG4",
        r"[^/]+/Runners/Secrets/.+/Resource",
        "GitHub has no API to rotate a private key or a webhook secret. The documentation explains how to change them "
        "by hand.",
    ),
    Suppression(
        "SQS3",
        r"[^/]+/Runners/(Idle Reaper Queue|Stolen Runners/Queue)/Resource",
        "A message asks to check a runner again. It is dropped once the runner is gone; a dead-letter queue would hold "
        "nothing of use.",
    ),
    Suppression(
        "SF2",
        r"[^/]+/Runners/Runner Orchestrator/Resource",
        "Each execution is logged with every step; traces would repeat that at extra cost.",
    ),
    Suppression(
        "DDB3",
        r"[^/]+/Runners/Stolen Runners/Jobs/Resource",
        "The table holds which runner was started for which job, for a day. There is nothing to back up.",
    ),
)


def allow(constructs: Iterable[IConstruct]) -> None:
    """Add the suppressions to the constructs that they apply to."""
    for construct in constructs:
        path = construct.node.path
        found = [_suppression(one) for one in SUPPRESSIONS if re.fullmatch(one.path, path)]
        if found:
            NagSuppressions.add_resource_suppressions(construct, found)


def _suppression(suppression: Suppression) -> NagPackSuppression:
    findings = [RegexAppliesTo(regex=f"/^{pattern.replace('/', chr(92) + '/')}$/") for pattern in suppression.findings]
    return NagPackSuppression(
        id=f"AwsSolutions-{suppression.rule}", reason=suppression.reason, applies_to=findings or None
    )

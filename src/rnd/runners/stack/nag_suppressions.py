"""Where the stacks differ from cdk-nag's AwsSolutions rules on purpose, and why: one entry for each reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_nag import NagPackSuppression, NagSuppressions, RegexAppliesTo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IConstruct


@dataclass(frozen=True)
class Deviation:
    """One deviation.

    Attributes:
        rule: The rule, without its prefix.
        place: A regular expression for the whole path of the resource.
        reason: Why it is not followed there.
        findings: Regular expressions for the findings of a rule that has several for one resource; none is all of them.
    """

    rule: str
    place: str
    reason: str
    findings: tuple[str, ...] = ()


ANYTHING = r"Resource::\*"
ENGINE = r"[^/]+/(Runners/.+|build-image-[^/]+)/ServiceRole"
DEVIATIONS = (
    Deviation(
        "IAM4",
        rf"{ENGINE}/Resource",
        "The policy lets a function of the engine write its own log, and nothing else.",
        (r"Policy::arn:.*:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/[^/]+/InstanceRole/DefaultPolicy/Resource",
        "A machine registers with ECS (ecs:Submit* reports the state of its tasks), signs in to ECR, and opens "
        "sessions of Session Manager; AWS offers none of these for a single resource. No container reaches this role.",
        (ANYTHING, r"Action::ecs:Submit\*"),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/[^/]+/Provider/task/TaskRole/DefaultPolicy/Resource",
        "Signing in to ECR and Session Manager's channels cannot be limited to a resource. The images are limited to "
        "the base images and those of our own repositories, whose names are not known beforehand.",
        (ANYTHING, r"Resource::arn:.*:repository/.*\*"),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/[^/]+/Provider/task/ExecutionRole/DefaultPolicy/Resource",
        "Signing in to ECR cannot be limited to a resource.",
        (ANYTHING,),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/[^/]+/Image/Role/DefaultPolicy/Resource",
        "The engine's image builder reads its own script from the bootstrap bucket, writes its own logs and reports, "
        "and signs in to ECR, which cannot be limited to a resource.",
        (ANYTHING, r"Action::s3:(GetObject|GetBucket|List)\*", r"Resource::arn:.*:(s3|logs|codebuild):.*\*"),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/Runners/(Idle Reaper|delete-runner|Stolen Runners/Handler|status)/ServiceRole/DefaultPolicy/Resource",
        "The engine stops executions of its own state machine, whose names it learns at run time; it describes "
        "instances, which cannot be limited to a resource, and ends only instances with its own tags.",
        (ANYTHING, r"Resource::arn:.*:states:.*:execution:.*\*"),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/Runners/Runner Orchestrator/Role/DefaultPolicy/Resource",
        "The state machine calls each version of its own functions and runs each revision of its own tasks; log "
        "delivery and the state of tasks cannot be limited to a resource.",
        (ANYTHING, r"Resource::<.*\.Arn>:\*", r"Resource::arn:.*:\*"),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/Alarms/ImageAgeRole/DefaultPolicy/Resource",
        "Publishing a metric cannot be limited to a resource; it is limited to a namespace of its own.",
        (ANYTHING,),
    ),
    Deviation(
        "IAM5",
        r"[^/]+/Role-[^/]+/DefaultPolicy/Resource",
        "Signing in to ECR and CodeArtifact cannot be limited to a resource. The packages are limited to the "
        "organisation's own index, the images to its prefix: one role serves all repositories.",
        (ANYTHING, r"Resource::arn:.*:codeartifact:.*:package/.*", r"Resource::arn:.*:ecr:.*:repository/.*\*"),
    ),
    Deviation(
        "AS3",
        r"[^/]+/[^/]+/Group/ASG",
        "Machines come and go all day long; a message for each would bury the alarms. The group's metrics have it.",
    ),
    Deviation(
        "EC26",
        r"[^/]+/[^/]+/Group/ASG",
        "The rule cannot read the launch template of a group with several instance types. Its disk is encrypted, which "
        "a test reads back.",
    ),
    Deviation(
        "CB4",
        r"[^/]+/[^/]+/Image/CodeBuild/Resource",
        "The build's only product is an image in ECR, which encrypts at rest; our own key would guard nothing more.",
    ),
    Deviation(
        "SMG4",
        r"[^/]+/Runners/Secrets/.+/Resource",
        "GitHub rotates neither a private key nor a webhook secret by an API that AWS could call. How to change them "
        "by hand is documented.",
    ),
    Deviation(
        "SQS3",
        r"[^/]+/Runners/(Idle Reaper Queue|Stolen Runners/Queue)/Resource",
        "A message means: look at this runner again. What cannot be handled is dropped when the runner is gone; there "
        "is nothing to be learned from it afterwards.",
    ),
    Deviation(
        "SF2",
        r"[^/]+/Runners/Runner Orchestrator/Resource",
        "Each execution is logged with every step; traces would repeat that, at a cost for every job.",
    ),
    Deviation(
        "DDB3",
        r"[^/]+/Runners/Stolen Runners/Jobs/Resource",
        "The table holds which runner was started for which job, for a day. There is nothing to restore.",
    ),
)


def allow(constructs: Iterable[IConstruct]) -> None:
    """Tell cdk-nag of the deviations, at those of some constructs that they are for."""
    for construct in constructs:
        path = construct.node.path
        found = [_suppression(one) for one in DEVIATIONS if re.fullmatch(one.place, path)]
        if found:
            NagSuppressions.add_resource_suppressions(construct, found)


def _suppression(deviation: Deviation) -> NagPackSuppression:
    findings = [RegexAppliesTo(regex=f"/^{pattern.replace('/', chr(92) + '/')}$/") for pattern in deviation.findings]
    return NagPackSuppression(id=f"AwsSolutions-{deviation.rule}", reason=deviation.reason, applies_to=findings or None)

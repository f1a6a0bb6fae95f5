"""Synthesise and check CloudFormation templates from org.yml. Runs Node through AWS CDK; needs no network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd import process
from rnd.errors import ExtraMissing, ToolMissing
from rnd.runners.errors import StackInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from aws_cdk.cx_api import CloudAssembly

    from rnd.organisation import Organisation

    Template = Mapping[str, Any]

# cfn-lint reports these for every template of CDK: availability zones by name, which a synthesis without a network
# cannot look up, and duplicate dependencies, which are harmless.
LINT_IGNORED = ("W3005", "W3010")


@dataclass(frozen=True)
class Synthesis:
    """The synthesised stacks.

    Attributes:
        folder: The cloud assembly, for `cdk deploy --app FOLDER`.
        templates: The CloudFormation template of each stack.
    """

    folder: Path
    templates: Mapping[str, Template]


def synthesise(organisation: Organisation, folder: Path) -> Synthesis:
    """Write the stacks of an organisation and check them with cdk-nag and cfn-lint.

    Args:
        organisation: The organisation.
        folder: The output folder; it is created if missing, and an earlier synthesis in it is overwritten.

    Raises:
        ToolMissing: Node is not installed.
        ExtraMissing: AWS CDK is not installed.
        StackInvalid: A check failed.
    """
    if process.find("node") is None:
        raise ToolMissing("node is not installed; AWS CDK runs on it.", "Install Node 22 or later.")
    try:
        unknown = list(unknown_instances(organisation))
        if unknown:
            raise StackInvalid("\n".join(unknown), "Correct the instances under runners.classes in org.yml.")
        assembly = _build(organisation, folder)
        paths = {stack.stack_name: folder / stack.template_file for stack in assembly.stacks}
        findings = [*_complaints(assembly), *(fault for path in paths.values() for fault in lint(path))]
    except ModuleNotFoundError as error:
        raise ExtraMissing.of("runners", error.name) from error
    if findings:
        raise StackInvalid("\n".join(findings))
    return Synthesis(folder, {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()})


def unknown_instances(organisation: Organisation) -> Iterator[str]:
    """Yield a message for each instance type that EC2's service model does not list."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    shape = ServiceModel(Loader().load_service_model("ec2", "service-2")).shape_for("InstanceType")
    known = set(shape.metadata["enum"])
    for name, wanted in organisation.runners.classes.items():
        for instance in wanted.instances:
            if instance not in known:
                yield f"{name}: {instance} is not an EC2 instance type."


def _build(organisation: Organisation, folder: Path) -> CloudAssembly:
    from aws_cdk import App, Aspects, Environment
    from cdk_nag import AwsSolutionsChecks, NagReportFormat

    from rnd.runners.stack import nag_suppressions, names
    from rnd.runners.stack.alarms import Alarms
    from rnd.runners.stack.publishing import Publishing
    from rnd.runners.stack.runner_stack import RunnerStack

    app = App(outdir=str(folder), analytics_reporting=False)
    env = Environment(account=organisation.require_aws().account, region=organisation.require_aws().region)
    Publishing(app, names.publishing_stack(organisation), organisation, env)
    Alarms(RunnerStack(app, names.runner_stack(organisation), organisation, env), organisation)
    nag_suppressions.allow(app.node.find_all())
    Aspects.of(app).add(AwsSolutionsChecks(reports=True, report_formats=[NagReportFormat.JSON]))
    return app.synth()


def _complaints(assembly: CloudAssembly) -> Iterator[str]:
    """Yield the findings of CDK and cdk-nag."""
    for stack in assembly.stacks:
        for message in stack.messages:
            if message.level.name != "INFO":
                yield f"{message.id}: {str(message.entry.data).strip()}"


def lint(path: Path) -> Iterator[str]:
    """Yield the findings of cfn-lint in a template."""
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    for match in lint_file(path, ManualArgs(ignore_checks=list(LINT_IGNORED))):
        yield f"{path.name}:{match.linenumber}: {match.rule.id}: {match.message}"

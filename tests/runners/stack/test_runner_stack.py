"""What of the fleet moto does not deploy, held to its template: growth, alarms, images; and the checks' exceptions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnd.runners.stack.deployment import PURPOSES, in_words, machine_classes
from rnd.runners.stack.kept_images import kept_images
from rnd.runners.stack.names import base_images, packages, publishing_stack, runner_stack
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from tests.helpers.stacks import Stacks


def test_a_class_grows_by_what_waits_and_shrinks_by_what_is_not_needed(stacks: Stacks) -> None:
    providers = stacks.of_type("AWS::ECS::CapacityProvider")
    assert len(providers) == len(stacks.organisation.runners.classes)
    for one in providers.values():
        group = one["AutoScalingGroupProvider"]
        assert group["ManagedScaling"] == {"Status": "ENABLED", "TargetCapacity": 100, "InstanceWarmupPeriod": 240}
        assert group["ManagedTerminationProtection"] == group["ManagedDraining"] == "ENABLED"


def test_what_stays_when_the_stacks_are_destroyed_is_documented(synthesised: dict[str, Stacks]) -> None:
    """A dry run of `cdk destroy`, which has none: the resources that CloudFormation keeps."""
    kept: set[tuple[str, str]] = set()
    for stacks in synthesised.values():
        for stack, template in (("rnd-publishing", stacks.publishing), ("rnd-runners", stacks.fleet)):
            resources = template["Resources"].values()
            there = [one["Type"].removeprefix("AWS::") for one in resources if one.get("DeletionPolicy") == "Retain"]
            kept |= {(stack, name) for name in there}
            assert not [one for one in resources if one.get("DeletionPolicy") == "Snapshot"]
    page = (ROOT / "docs" / "how-to" / "runners.md").read_text(encoding="utf-8")
    section = page.partition("## Take down")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \| `([\w:]+)` \|", section, re.MULTILINE)) == kept


def test_a_destroyed_stack_waits_for_no_protected_machine(stacks: Stacks) -> None:
    """The documented command finds each group by its tag, and removes the protection that the stack sets."""
    for group in stacks.of_type("AWS::AutoScaling::AutoScalingGroup").values():
        assert group["NewInstancesProtectedFromScaleIn"] is True
        assert "rnd:runner-class" in {tag["Key"] for tag in group["Tags"]}


def test_one_job_to_a_machine(stacks: Stacks) -> None:
    (machine,) = stacks.of_type("AWS::StepFunctions::StateMachine").values()
    text = json.dumps(machine)
    assert len(re.findall("distinctInstance", text)) == len(stacks.organisation.runners.classes)


def test_which_labels_start_a_runner(stacks: Stacks) -> None:
    """The engine's status function carries what each provider is started for; `self-hosted` it asks of every job."""
    (providers,) = (
        one["Metadata"]["providers"]
        for one in stacks.fleet["Resources"].values()
        if "providers" in one.get("Metadata", {})
    )
    fleet = runner_stack(stacks.organisation)
    found = {one["constructPath"]: ["self-hosted", *one["labels"]] for one in providers}
    assert found == {
        f"{fleet}/{name}/Provider": wanted.labels for name, wanted in stacks.organisation.runners.classes.items()
    }


def test_container_images_are_pulled_with_the_runner_s_own_role(stacks: Stacks) -> None:
    """The credential helper is in the image that runners start from, and the role may pull what jobs run in."""
    for project in stacks.of_type("AWS::CodeBuild::Project").values():
        built = json.dumps(project["Source"]["BuildSpec"])
        assert "amazon-ecr-credential-helper" in built
        assert stacks.organisation.image_registry.address in built
    policies = [json.dumps(one) for one in stacks.of_type("AWS::IAM::Policy").values()]
    for name in {name for name, _ in base_images(stacks.organisation).values()}:
        pulling = [text for text in policies if f"repository/{name}" in text and "ecr:BatchGetImage" in text]
        assert len([text for text in pulling if "TaskRole" in text]) == len(stacks.organisation.runners.classes)
        assert all("ecr:PutImage" not in text for text in pulling if "TaskRole" in text)
    assert not [text for text in policies if packages(stacks.organisation)[0] in text], "images of projects"


def test_a_gpu_class_has_driver_and_toolkit(stacks: Stacks) -> None:
    built = [json.dumps(one["Source"]["BuildSpec"]) for one in stacks.of_type("AWS::CodeBuild::Project").values()]
    with_toolkit = sum("nvidia-container-toolkit" in text for text in built)
    assert with_toolkit == sum(bool(one.gpus) for one in stacks.organisation.runners.classes.values())


def test_images_are_built_every_week(stacks: Stacks) -> None:
    schedules = [one.get("ScheduleExpression") for one in stacks.of_type("AWS::Events::Rule").values()]
    assert schedules.count("rate(7 days)") == len(stacks.organisation.runners.classes)


def test_machines_keep_the_base_images_of_the_default_python(stacks: Stacks) -> None:
    """They are in the image of the runner, which a job cannot push, and given to the daemon of each job by a hook."""
    for project in stacks.of_type("AWS::CodeBuild::Project").values():
        built = json.dumps(project["Source"]["BuildSpec"])
        save, _, rest = built.partition("docker build --progress plain")
        for archive, image in kept_images(stacks.organisation).items():
            assert f"docker pull --quiet {image}; then docker save --output base-images/{archive}" in save
        assert rest
        assert "COPY base-images /opt/base-images/" in save
        assert "/home/runner/job-started-hook-user.sh" in save
        assert "containerd-snapshotter" in save


def test_a_new_base_image_starts_the_build_of_each_runner_image(stacks: Stacks) -> None:
    name, tag = base_images(stacks.organisation)[stacks.organisation.python.default]
    rules = [one for one in stacks.of_type("AWS::Events::Rule").values() if "aws.ecr" in str(one.get("EventPattern"))]
    started = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] for rule in rules}
    assert started == set(stacks.of_type("AWS::CodeBuild::Project"))
    assert all(
        rule["EventPattern"]["detail"]
        == {"action-type": ["PUSH"], "result": ["SUCCESS"], "repository-name": [name], "image-tag": [tag]}
        for rule in rules
    )


def test_alarms(stacks: Stacks) -> None:
    alarms = {one["AlarmDescription"]: one for one in stacks.of_type("AWS::CloudWatch::Alarm").values()}
    stuck = alarms["A job has been waiting for a machine for more than 45 minutes."]
    assert (stuck["Threshold"], stuck["ComparisonOperator"]) == (45, "GreaterThanThreshold")
    old = alarms["An image that jobs run in is older than 14 days, or missing."]
    assert (old["Threshold"], old["TreatMissingData"]) == (14, "breaching")
    (topic,) = (name for name, one in stacks.fleet["Resources"].items() if one["Type"] == "AWS::SNS::Topic")
    assert all(one["AlarmActions"] == [{"Ref": topic}] for one in alarms.values())


def test_every_image_that_jobs_run_in_is_watched(stacks: Stacks) -> None:
    (watched,) = (
        one["Environment"]["Variables"]["IMAGES"]
        for one in stacks.of_type("AWS::Lambda::Function").values()
        if "IMAGES" in one.get("Environment", {}).get("Variables", {})
    )
    text = "".join(part if isinstance(part, str) else '"repository"' for part in watched["Fn::Join"][1])
    images = json.loads(text.replace('""', '"'))
    expected = [list(image) for image in base_images(stacks.organisation).values()]
    assert images[: len(expected)] == expected
    assert len(images) == len(expected) + len(stacks.organisation.runners.classes)


def test_no_role_of_ours_may_do_everything(stacks: Stacks) -> None:
    for template in (stacks.fleet, stacks.publishing):
        for name, resource in template["Resources"].items():
            for statement in _statements(resource):
                assert statement["Action"] != "*", name
                assert "iam:" not in str(statement["Action"]) or statement["Action"] == "iam:PassRole", name


def _statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    document = (
        resource.get("Properties", {}).get("PolicyDocument", {}) if resource["Type"] == "AWS::IAM::Policy" else {}
    )
    statements: list[dict[str, Any]] = document.get("Statement", [])
    return statements


def test_every_suppression_is_needed(synthesised: dict[str, Stacks]) -> None:
    """cdk-nag reports what it was told to let pass, as `[finding] reason`: what no organisation needs is not there."""
    from rnd.runners.stack.nag_suppressions import SUPPRESSIONS  # starts a process of Node

    used = set()
    for stacks in synthesised.values():
        for stack in (runner_stack(stacks.organisation), publishing_stack(stacks.organisation)):
            report = json.loads((stacks.folder / f"AwsSolutions--{stack}-NagReport.json").read_text(encoding="utf-8"))
            assert {line["compliance"] for line in report["lines"]} == {"Compliant", "Suppressed"}
            used |= {line["exceptionReason"] for line in report["lines"]}
    for one in SUPPRESSIONS:
        passed = [said.removesuffix(one.reason).strip(" []") for said in used if said.endswith(one.reason)]
        assert passed, one
        for finding in one.findings:
            assert any(re.fullmatch(finding, text) for text in passed), f"{one.rule} never needed {finding}"


def test_each_kind_of_resource_has_a_purpose_in_the_documentation(stacks: Stacks) -> None:
    kinds = {one["Type"] for template in (stacks.fleet, stacks.publishing) for one in template["Resources"].values()}
    assert kinds <= PURPOSES.keys()
    page = (ROOT / "docs" / "how-to" / "runners.md").read_text(encoding="utf-8")
    for kind, purpose in PURPOSES.items():
        assert f"| `{kind.removeprefix('AWS::')}` | {purpose} |" in page


def test_the_classes_of_the_template_are_those_of_org_yml(stacks: Stacks) -> None:
    found = {one.name: one for one in machine_classes(stacks.fleet)}
    assert list(found) == list(stacks.organisation.runners.classes)
    for name, wanted in stacks.organisation.runners.classes.items():
        one = found[name]
        assert (list(one.instances), one.disk_gb, one.encrypted) == (wanted.instances, wanted.disk_gb, True)
        assert (one.always_on, one.maximum) == (wanted.always_on, wanted.maximum)
        hours = stacks.organisation.runners.business_hours
        assert [in_words(cron) for cron, _, _ in one.schedules] == [
            f"{hours.days} {hours.start}",
            f"{hours.days} {hours.end}",
        ]


def test_the_templates_hold_no_path_of_this_machine(stacks: Stacks) -> None:
    for template in (stacks.fleet, stacks.publishing):
        assert str(ROOT) not in json.dumps(template)
        assert str(Path.home()) not in json.dumps(template)

"""`rnd runners synth` as a person calls it, and what it refuses."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd import cli, process
from rnd.organisation import load_organisation
from rnd.runners.errors import StackInvalid
from rnd.runners.stack import synthesis
from rnd.runners.stack.names import publishing_stack, runner_stack
from rnd.runners.stack.synthesis import lint, synthesise, unknown_instances
from tests.helpers.stacks import SAID

if TYPE_CHECKING:
    from tests.helpers.stacks import Stacks

ORGANISATION = load_organisation()


def test_the_command(synthesised: dict[str, Stacks]) -> None:
    """The fixture has called `rnd runners synth --json --output FOLDER`."""
    folder = synthesised["shipped"].folder
    said = json.loads((folder.parent / SAID).read_text(encoding="utf-8"))
    assert [one["name"] for one in said["classes"]] == list(ORGANISATION.runners.classes)
    assert {one["stack"] for one in said["resources"]} == {runner_stack(ORGANISATION), publishing_stack(ORGANISATION)}
    assert all(one["purpose"] for one in said["resources"])
    stacks = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    assert runner_stack(ORGANISATION) in stacks, "what `cdk deploy --app` reads"


def test_without_node(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(process, "find", lambda _: None)
    assert cli.main(["runners", "synth"]) == 1
    said = capsys.readouterr().err
    assert "error[tool-missing]: node is not installed; AWS CDK runs on it." in said
    assert "Install Node 22 or later." in said


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(process, "find", lambda _: "/usr/bin/node")
    monkeypatch.setitem(sys.modules, "aws_cdk", None)
    assert cli.main(["runners", "synth"]) == 1
    assert "The extra `runners` of rnd is not installed: aws_cdk is missing." in capsys.readouterr().err


def test_an_instance_type_that_does_not_exist_is_found_before_anything_is_built() -> None:
    name, wanted = next(iter(ORGANISATION.runners.classes.items()))
    classes = {name: wanted.model_copy(update={"instances": [wanted.instances[0], "r5.huge"]})}
    wrong = ORGANISATION.model_copy(update={"runners": ORGANISATION.runners.model_copy(update={"classes": classes})})
    assert list(unknown_instances(wrong)) == [f"{name}: r5.huge is not an EC2 instance type."]
    assert list(unknown_instances(ORGANISATION)) == []
    if shutil.which("node") is not None:
        with pytest.raises(StackInvalid, match=r"r5\.huge is not an EC2 instance type"):
            synthesise(wrong, Path("never made"))
        assert not Path("never made").exists()


def test_what_cfn_lint_finds_is_told_with_its_line(synthesised: dict[str, Stacks], tmp_path: Path) -> None:
    path = tmp_path / "fleet.template.json"
    # `synthesise` has found nothing in it, or it would not be there.
    good = json.dumps(synthesised["acme"].fleet, indent=1)
    path.write_text(good.replace('"gp3"', '"gp33"'), encoding="utf-8")
    (said,) = lint(path)
    assert said.startswith("fleet.template.json:")
    assert "'gp33' is not one of" in said


def test_findings_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Assembly:
        stacks: tuple[object, ...] = ()

    monkeypatch.setattr(process, "find", lambda _: "/usr/bin/node")
    monkeypatch.setattr(synthesis, "_build", lambda *_: Assembly)
    monkeypatch.setattr(synthesis, "_complaints", lambda _: iter(["/fleet/x: AwsSolutions-IAM4: too much"]))
    assert cli.main(["runners", "synth", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "error[stack-invalid]: /fleet/x: AwsSolutions-IAM4: too much" in said
    assert "nag_suppressions.py" in said

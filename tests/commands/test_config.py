"""`rnd config`: the values of org.yml, for people and for the steps of a workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rnd import cli
from rnd.organisation import load_organisation

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ORGANISATION = load_organisation()


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["aws.region", ORGANISATION.require_aws().region] in lines


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ORGANISATION.model_dump()


def test_for_the_steps_of_a_workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert cli.main(["config", "--github-output"]) == 0
    lines = (tmp_path / "output").read_text().splitlines()
    assert f"aws-reading-role={ORGANISATION.require_aws().reading_role}" in lines
    assert f"github-attestations={str(ORGANISATION.github.attestations).lower()}" in lines

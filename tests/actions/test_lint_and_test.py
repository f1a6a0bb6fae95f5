"""The action that lints and tests: its own commands, run as a runner runs them, for either dependency tool."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.helpers.git import git
from tests.helpers.machine import BOTH_TOOLS, ROOT
from tests.helpers.template import TemplateRepository, lock_and_commit, render
from tests.helpers.workflows import action_steps

if TYPE_CHECKING:
    from pathlib import Path

ACTION = "lint-and-test"


@pytest.fixture
def checkout(template: TemplateRepository, tmp_path: Path) -> Path:
    """A repository as a job checks it out: locked, and nothing installed."""
    return lock_and_commit(render(template, tmp_path / "made", project_name="aligner", author="Ada"))


def run_steps(checkout: Path, tool: str, place: Path) -> list[subprocess.CompletedProcess[str]]:
    """Run every step of the action, each with what the steps before have given it."""
    files = {name: place / name for name in ("GITHUB_PATH", "GITHUB_ENV", "GITHUB_OUTPUT")}
    for file in files.values():
        file.touch()
    job = os.environ | {
        **{name: str(file) for name, file in files.items()},
        "GITHUB_ACTION_PATH": str(ROOT / "actions" / ACTION),
        "DEPENDENCY_TOOL": tool,
        "UV_PROJECT_ENVIRONMENT": str(place / "toolkit"),  # and not the environment of these tests
    }
    ended = []
    for step in action_steps(ACTION):
        if step.data.get("if") == "steps.look.outputs.private == 'true'":
            assert files["GITHUB_OUTPUT"].read_text() == "private=false\n"
            continue
        given = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        path = ":".join([*reversed(files["GITHUB_PATH"].read_text().split()), os.environ["PATH"]])
        variables = job | given | {"PATH": path}
        argv = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.data["run"]]
        ended.append(subprocess.run(argv, cwd=checkout, env=variables, capture_output=True, text=True, check=False))
        if step.data.get("id") == "install":  # what follows has a use for it: it must not lead their programs elsewhere
            job.pop("UV_PROJECT_ENVIRONMENT")
    return ended


@pytest.mark.slow
@BOTH_TOOLS
def test_it_passes_and_it_fails(checkout: Path, tool: str, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    for ended in run_steps(checkout, tool, first):
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert git(checkout, "status", "--porcelain") == ""

    test = checkout / "tests" / "test_aligner.py"
    test.write_text(test.read_text() + "\n\ndef test_that_fails() -> None:\n    assert len(__name__) == 0\n")
    git(checkout, "commit", "--quiet", "--all", "--no-verify", "--message", "test: fail")
    second = tmp_path / "second"
    second.mkdir()
    codes = [ended.returncode for ended in run_steps(checkout, tool, second)]
    assert codes == [0, 0, 0, 1]

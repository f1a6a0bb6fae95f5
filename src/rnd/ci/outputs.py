"""What a step of a workflow gives to GitHub Actions: outputs, variables, the PATH, the summary, masks.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands. No other module writes
to these files.
"""

from __future__ import annotations

import os
from pathlib import Path

from rnd.errors import UsageError

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_A_STEP = "Omit {option} outside workflows."


def write_outputs(results: Mapping[str, str]) -> None:
    """Set the outputs of the step, in the file that GITHUB_OUTPUT names.

    Raises:
        UsageError: GITHUB_OUTPUT is not set: this is not a step of a workflow.
        ValueError: A name or a value has more than one line.
    """
    _append("GITHUB_OUTPUT", _assignments(results), NOT_A_STEP.format(option="--github-output"))


def write_summary(text: str) -> None:
    """Add Markdown to the summary of the job, in the file that GITHUB_STEP_SUMMARY names.

    Raises:
        UsageError: GITHUB_STEP_SUMMARY is not set: this is not a step of a workflow.
    """
    _append("GITHUB_STEP_SUMMARY", text, NOT_A_STEP.format(option="--github-summary"))


def set_variables(variables: Mapping[str, str], hint: str) -> None:
    """Set environment variables for the later steps of the job, in the file that GITHUB_ENV names.

    Args:
        variables: The variables, each with a value of one line.
        hint: What to do where no workflow runs.

    Raises:
        UsageError: GITHUB_ENV is not set: this is not a step of a workflow.
        ValueError: A name or a value has more than one line.
    """
    _append("GITHUB_ENV", _assignments(variables), hint)


def add_path(folder: Path, hint: str) -> None:
    """Put a folder at the start of the PATH of the later steps, in the file that GITHUB_PATH names.

    Args:
        folder: The folder.
        hint: What to do where no workflow runs.

    Raises:
        UsageError: GITHUB_PATH is not set: this is not a step of a workflow.
    """
    _append("GITHUB_PATH", f"{folder}\n", hint)


def mask(secret: str) -> None:
    """Let GitHub hide a secret in the logs of the job from here on."""
    print(f"::add-mask::{secret}", flush=True)


def _assignments(values: Mapping[str, str]) -> str:
    lines = [f"{name}={value}" for name, value in values.items()]
    if any(len(line.splitlines()) != 1 for line in lines):
        raise ValueError("a value for later steps must be a single line")
    return "".join(f"{line}\n" for line in lines)


def _append(variable: str, text: str, hint: str) -> None:
    file = os.environ.get(variable)
    if not file:
        raise UsageError(f"{variable} is not set: this is not a step of a workflow.", hint)
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write(text)

"""`rnd ci install`: install the environment from the lock file without updating it, as a job of the pipeline does.

Nothing is locked and nothing is committed here: a lock file that does not fit is refused. What later steps of a job are
given goes to the files that GITHUB_PATH and GITHUB_ENV name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.answers import read_project
from rnd.ci import outputs
from rnd.environments.environment import environment_of
from rnd.environments.errors import LockStale
from rnd.plan import Plan, Step
from rnd.project.setup import check_tools

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.environments.environment import Environment
    from rnd.plan import State

LEAVE_OUT = "Leave --github-environment out where no workflow runs."


def plan_environment(folder: Path) -> Plan:
    """Return the plan that installs the environment of a repository.

    Raises:
        NotGenerated: The folder is not a generated repository.
        ToolMissing: A program that the repository needs is not installed.
    """
    project = read_project(folder)
    environment = environment_of(project)
    check_tools(environment.programs)
    steps = (_locked(environment.lock_step()), environment.install_step())
    return Plan(f"install the environment of {project.name} in {folder}", steps)


def _locked(step: Step) -> Step:
    """Turn the step that locks into one that fails if the lock file is out of date."""

    def observe() -> State:
        state = step.observe()
        if not state.done:
            raise LockStale(f"The lock file is not up to date: {state.evidence}.")
        return state

    return Step(step.key, "Look at the lock file", observe, ())


def give_to_later_steps(folder: Path) -> None:
    """Let the later steps of a job run the environment's programs by name, with the variables that they need.

    See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands, "Environment files".

    Raises:
        UsageError: GITHUB_PATH or GITHUB_ENV is not set: this is not a step of a workflow.
    """
    environment: Environment = environment_of(read_project(folder))
    outputs.add_path(environment.programs_folder, LEAVE_OUT)
    variables = environment.variables()
    outputs.set_variables({name: value for name, value in variables.items() if "\n" not in value}, LEAVE_OUT)

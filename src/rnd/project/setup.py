"""Set-up: the steps that turn a rendered folder into a repository that is ready for work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import git, process
from rnd.answers import read_project
from rnd.environments.environment import environment_of
from rnd.errors import IdentityMissing, ToolMissing
from rnd.plan import Plan
from rnd.project.author import author_step
from rnd.project.checks import checks_step
from rnd.project.repository import check_place, hooks_step, repository_step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rnd.answers import Project
    from rnd.plan import Step
    from rnd.project.github import GitHubSetup

# Required programs, and how to install them.
TOOLS = {
    "git": "Install it with your system's packages, such as `apt-get install git`.",
    "uv": "Install it: `pipx install uv`, or `python3 -m pip install --user uv`.",
}


def plan_setup(project: Project, github: GitHubSetup | None) -> Plan:
    """Return the plan that finishes, or repeats, the set-up of a generated repository.

    Args:
        project: The repository.
        github: The GitHub part; None for a local repository.
    """
    steps = setup_steps(project) + (github.steps if github else ())
    return Plan(f"set up {project.name} in {project.folder}", steps)


def check_setup(folder: Path) -> Project:
    """Return the project in a folder, if it can be set up.

    Raises:
        NotGenerated: The folder is not a generated repository.
        DestinationRefused: It is inside another git repository.
        ToolMissing: A program that the repository needs is not installed.
        IdentityMissing: Git has no author name and e-mail address for the first commit.
    """
    project = read_project(folder)
    check_tools(environment_of(project).programs)
    check_place(folder)
    check_identity(folder)
    return project


def setup_steps(project: Project) -> tuple[Step, ...]:
    """Return all steps in order."""
    return (*preparation(project), *completion(project))


def preparation(project: Project) -> tuple[Step, ...]:
    """Return the steps that can fail because of the answers or the machine; they run before the files are moved."""
    environment = environment_of(project)
    return (*environment.preparation(), author_step(project), environment.lock_step())


def completion(project: Project) -> tuple[Step, ...]:
    """Return the steps that must run in the final location."""
    return (environment_of(project).install_step(), repository_step(project), hooks_step(project), checks_step(project))


def check_tools(tools: Iterable[str]) -> None:
    """Check that programs are installed, before anything is changed.

    Raises:
        ToolMissing: One of them is not installed.
    """
    for tool in tools:
        if process.find(tool) is None:
            raise ToolMissing(f"{tool} is not installed.", TOOLS[tool])


def check_identity(folder: Path) -> None:
    """Check that git can create the first commit, before anything is changed.

    Raises:
        IdentityMissing: There is no commit yet, and git has no name or no e-mail address.
    """
    if git.head(folder) is None and git.identity(folder) is None:
        raise IdentityMissing("Git has no name and e-mail address for the first commit.")

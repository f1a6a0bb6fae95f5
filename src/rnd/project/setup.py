"""Set-up: everything between a rendered folder and a repository that is ready to work in."""

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
    from rnd.project.hosting import Hosting

# What a repository cannot do without, and how to get it.
TOOLS = {
    "git": "Install it with your system's packages, such as `apt-get install git`.",
    "uv": "Install it: `pipx install uv`, or `python3 -m pip install --user uv`.",
}


def plan_setup(project: Project, hosting: Hosting | None) -> Plan:
    """Return the plan that finishes, or repeats, the set-up of a generated repository.

    Args:
        project: The repository.
        hosting: Its way to GitHub; None where it is to stay on this machine.
    """
    steps = setup_steps(project) + (hosting.steps() if hosting else ())
    return Plan(f"set up {project.name} in {project.folder}", steps)


def check_setup(folder: Path) -> Project:
    """Return the project that a folder holds, if it can be set up.

    Raises:
        NotGenerated: The folder is no generated repository.
        DestinationRefused: It lies inside another git repository.
        ToolMissing: A program that the repository needs is not installed.
        IdentityMissing: Git does not know whose name to write on the first commit.
    """
    project = read_project(folder)
    check_tools(environment_of(project).programs)
    check_place(folder)
    check_identity(folder)
    return project


def setup_steps(project: Project) -> tuple[Step, ...]:
    """Return all steps, in their order."""
    return (*preparation(project), *completion(project))


def preparation(project: Project) -> tuple[Step, ...]:
    """Return the steps that may refuse: after them nothing but git and a download is left to go wrong."""
    environment = environment_of(project)
    return (*environment.preparation(), author_step(project), environment.lock_step())


def completion(project: Project) -> tuple[Step, ...]:
    """Return the steps that need the folder to be where it will stay."""
    return (environment_of(project).install_step(), repository_step(project), hooks_step(project), checks_step(project))


def check_tools(tools: Iterable[str]) -> None:
    """Refuse early what would fail half-way.

    Raises:
        ToolMissing: One of these programs is not installed.
    """
    for tool in tools:
        if process.find(tool) is None:
            raise ToolMissing(f"{tool} is not installed.", TOOLS[tool])


def check_identity(folder: Path) -> None:
    """Refuse early a first commit that git would refuse.

    Raises:
        IdentityMissing: Git knows no name or no e-mail, and a first commit is still to be made.
    """
    if git.head(folder) is None and git.identity(folder) is None:
        raise IdentityMissing("Git knows no name and e-mail for the first commit.")

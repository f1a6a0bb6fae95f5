"""The protocol that both dependency tools, uv and conda, implement. No side effects of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rnd.environments.conda.environment import CondaEnvironment
from rnd.environments.uv import UvEnvironment

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.answers import Project
    from rnd.plan import Step
    from rnd.process import Completed


class Environment(Protocol):
    """The environment of a generated repository, managed by one tool."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The required programs."""

    @property
    def invitation(self) -> str:
        """The command that is suggested to users of a new repository."""

    def preparation(self) -> tuple[Step, ...]:
        """Return the steps that install what is needed to create the environment."""

    def lock_step(self) -> Step:
        """Return the step that brings the lock file up to date with the requirements."""

    def install_step(self) -> Step:
        """Return the step that installs exactly what the lock file lists, and repairs incomplete packages."""

    @property
    def programs_folder(self) -> Path:
        """The folder with the environment's programs."""

    def variables(self) -> dict[str, str]:
        """Return the variables, besides PATH, that the environment's programs need."""

    def command(self, *argv: str) -> str:
        """Return the shell command that runs a program of the environment, from the repository's root."""

    def attempt(self, *argv: str) -> Completed:
        """Run a program of the environment in the repository, and return the result for any exit code."""


def environment_of(project: Project) -> Environment:
    """Return the environment of a repository."""
    return CondaEnvironment(project) if project.dependency_tool == "conda" else UvEnvironment(project)

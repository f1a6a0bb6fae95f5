"""The environment of a generated repository, whichever tool its answer `dependency_tool` names.

The two tools differ in how they lock and install; what a repository needs of them is said here, once. Touches nothing
by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rnd.environments.conda.environment import CondaEnvironment
from rnd.environments.uv import UvEnvironment

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from rnd.answers import Project
    from rnd.plan import Step


class Environment(Protocol):
    """What a repository needs of the tool that makes its environment."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs without which nothing works."""

    @property
    def invitation(self) -> str:
        """The first command that a person may try in the new repository."""

    def preparation(self) -> tuple[Step, ...]:
        """Return the steps that find what the environment is made with."""

    def lock_step(self) -> Step:
        """Return the step after which the lock file fits what is asked for."""

    def install_step(self) -> Step:
        """Return the step after which the environment holds exactly what the lock file says, and all of it whole."""

    @property
    def programs_folder(self) -> Path:
        """Where the environment's programs are."""

    def variables(self) -> dict[str, str]:
        """Return the variables, beyond PATH, that the environment's programs need."""

    def command(self, *argv: str) -> str:
        """Return how a person runs a program of the environment, from the repository's root."""

    def attempt(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the repository to its end, whatever its exit code."""


def environment_of(project: Project) -> Environment:
    """Return the environment of a repository."""
    return CondaEnvironment(project) if project.dependency_tool == "conda" else UvEnvironment(project)

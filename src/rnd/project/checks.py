"""The generated repository's own checks: its hooks on every file, and its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import git
from rnd.environments.environment import environment_of
from rnd.errors import ChecksFailed
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.answers import Project
    from rnd.environments.environment import Environment

# Names the commit whose checks passed, in git's own terms; a branch push does not carry it along.
PASSED = "refs/rnd/checks-passed"
CHECKS = (("pre-commit", "run", "--all-files"), ("pytest",))


def checks_step(project: Project) -> Step:
    """The checks have passed on the commit that is checked out, so nothing broken is ever pushed."""
    folder = project.folder

    def observe() -> State:
        commit = git.head(folder)
        if commit is None:
            return needed("not run yet")
        if git.attempt(folder, "rev-parse", "--quiet", "--verify", PASSED) == commit:
            return done(f"passed on {commit[:7]}")
        if not git.is_clean(folder):
            return done("left to the hooks, since there are uncommitted changes")
        return needed(f"not run on {commit[:7]} yet")

    def passed() -> None:
        git.run(folder, "update-ref", PASSED, "HEAD")

    environment = environment_of(project)
    actions = (
        *(_check(environment, folder, *check) for check in CHECKS),
        Action(f"git update-ref {PASSED} HEAD", passed),
    )
    return Step("checks", "Run the repository's checks", observe, actions)


def _check(environment: Environment, folder: Path, *check: str) -> Action:
    def run() -> None:
        completed = environment.attempt(*check)
        if completed.returncode != 0:
            said = (completed.stdout + completed.stderr).strip().splitlines()
            told = "\n".join(line for line in said if not line.endswith(("Passed", "Skipped")))
            raise ChecksFailed(f"{' '.join(check)} found something in {folder}:\n{told}")

    return Action(environment.command(*check), run)

"""The checks of a generated repository: its pre-commit hooks on all files, and its tests."""

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

# A git ref to the commit whose checks passed; pushing a branch does not push it.
PASSED = "refs/rnd/checks-passed"
CHECKS = (("pre-commit", "run", "--all-files"), ("pytest",))


def checks_step(project: Project) -> Step:
    """Return the step that runs the checks on the current commit, so that broken commits are never pushed."""
    folder = project.folder

    def observe() -> State:
        commit = git.head(folder)
        if commit is None:
            return needed("not run yet")
        if git.attempt(folder, "rev-parse", "--quiet", "--verify", PASSED) == commit:
            return done(f"passed on {commit[:7]}")
        if not git.is_clean(folder):
            return done("skipped because of uncommitted changes; the hooks check them")
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
            printed = (completed.stdout + completed.stderr).strip().splitlines()
            problems = "\n".join(line for line in printed if not line.endswith(("Passed", "Skipped")))
            raise ChecksFailed(f"{' '.join(check)} failed in {folder}:\n{problems}")

    return Action(environment.command(*check), run)

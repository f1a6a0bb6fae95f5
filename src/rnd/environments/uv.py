"""The environment of a repository with the dependency tool uv: interpreter, `uv.lock` and `.venv`."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process, uv
from rnd.environments.distributions import distributions, whole
from rnd.environments.extras import sync_options
from rnd.environments.uv_files import differs_from_environment, differs_from_lock
from rnd.errors import PythonUnavailable
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.answers import Project
    from rnd.process import Completed

SHOWN_CHANGES = 3


@dataclass(frozen=True)
class UvEnvironment:
    """Implements `rnd.environments.environment.Environment` with uv."""

    project: Project
    programs = ("git", "uv")
    invitation = "uv run pytest"

    def preparation(self) -> tuple[Step, ...]:
        """Return the steps that install uv and Python."""
        return (uv_step(), python_step(self.project.python_version))

    def lock_step(self) -> Step:
        """Return the step that brings `uv.lock` up to date with `pyproject.toml`."""
        return lock_step(self.project)

    def install_step(self) -> Step:
        """Return the step that installs `uv.lock` into `.venv`."""
        return install_step(self.project)

    @property
    def programs_folder(self) -> Path:
        """The folder with the environment's programs."""
        return self.project.folder.resolve() / ".venv" / "bin"

    def variables(self) -> dict[str, str]:
        """Return no variables: programs in `.venv` do not need any."""
        return {}

    def command(self, *argv: str) -> str:
        """Return the shell command that runs a program of the environment."""
        return " ".join(("uv run --no-sync", *argv))

    def attempt(self, *argv: str) -> Completed:
        """Run a program of the environment, and return the result for any exit code."""
        return uv.attempt(self.project.folder, "run", "--no-sync", *argv)


def uv_action(folder: Path | None, *arguments: str) -> Action:
    """Return the action that runs a uv command, optionally in a folder."""
    return Action(f"uv {' '.join(arguments)}", lambda: uv.run(folder, *arguments))


def uv_says_yes(folder: Path, *arguments: str) -> bool:
    """Return whether a read-only uv command succeeds."""
    return uv.attempt(folder, *arguments).returncode == 0


def uv_step() -> Step:
    """Return the step that installs uv for the user: hooks and daily work need it, not only this run."""

    def observe() -> State:
        if process.on_path("uv"):
            return done("on PATH")
        installed = Path(uv.run(None, "tool", "dir", "--bin").strip()) / "uv"
        if not installed.exists():
            return needed("not on PATH")
        return done(f"in {installed.parent}; `uv tool update-shell` puts it on PATH")

    return Step("uv", "Install uv", observe, (uv_action(None, "tool", "install", "--quiet", "uv"),))


def python_step(version: str) -> Step:
    """Return the step that finds the selected Python version, or downloads it with uv."""

    def find() -> str | None:
        found = uv.attempt(None, "python", "find", "--system", "--no-project", version)
        return found.stdout.strip() if found.returncode == 0 else None

    def observe() -> State:
        path = find()
        return done(path) if path else needed("not on this machine")

    def install() -> None:
        completed = uv.attempt(None, "python", "install", version)
        if completed.returncode != 0:
            cause = uv.last_cause(completed.stderr)
            raise PythonUnavailable(f"Python {version} is not on this machine, and uv could not download it:\n{cause}")

    return Step("python", f"Find Python {version}", observe, (Action(f"uv python install {version}", install),))


def lock_step(project: Project) -> Step:
    """Return the step that creates or updates `uv.lock`."""
    folder = project.folder

    def observe() -> State:
        if not (folder / "uv.lock").exists():
            return needed("no uv.lock yet")
        fits = uv_says_yes(folder, "lock", "--check")
        return done(_locked(folder)) if fits else needed("uv.lock is out of date with pyproject.toml")

    def inspect() -> State:
        if not (folder / "uv.lock").exists():
            return needed("no uv.lock yet")
        differing = differs_from_lock(folder)
        return needed(differing) if differing else done(_locked(folder))

    return Step("lock", "Lock the dependencies", observe, (uv_action(folder, "lock"),), inspect)


def _locked(folder: Path) -> str:
    count = (folder / "uv.lock").read_text(encoding="utf-8").count("\n[[package]]")
    return f"{count} packages in uv.lock"


def install_step(project: Project) -> Step:
    """Return the step that installs exactly the packages of `uv.lock` into `.venv`.

    All extras are included, apart from those that conflict with the ones that are selected for this place.
    """
    folder = project.folder

    def check(differs: Callable[[], str | None]) -> State:
        if not (folder / ".venv").exists():
            return needed("no .venv yet")
        broken = damage(folder / ".venv")
        if broken:
            return needed(f"{broken}, so .venv is recreated")
        differing = differs()
        if differing:
            return needed(differing)
        return done(f"{sum(1 for _ in distributions(folder / '.venv'))} packages in .venv")

    compare = partial(differs_by_uv, folder)

    def install() -> None:
        environment = folder / ".venv"
        sync = sync_command(folder)
        if damage(environment):
            shutil.rmtree(environment)
        found = environment.exists()
        uv.run(folder, *sync)
        if found and compare():  # what an interrupted installation left can be such that uv does not repair it in place
            shutil.rmtree(environment)
            uv.run(folder, *sync)

    observe, inspect = partial(check, compare), partial(check, partial(differs_from_environment, folder))
    action = Action(f"uv {' '.join(sync_command(folder))}", install)
    return Step("environment", "Install the environment", observe, (action,), inspect)


def sync_command(folder: Path) -> tuple[str, ...]:
    """Return the arguments of uv that install `uv.lock` with the extras of this place."""
    return ("sync", *sync_options(folder, os.environ), "--locked")


def differs_by_uv(folder: Path) -> str | None:
    """Return the first differences that `uv sync --check` reports between `.venv` and `uv.lock`, or None."""
    completed = uv.attempt(folder, *sync_command(folder), "--check")
    if completed.returncode == 0:
        return None
    changes = re.findall(r"^ [-+~] (\S+)", completed.stderr, re.MULTILINE)
    if not changes:
        return f"uv could not compare .venv with uv.lock: {uv.last_cause(completed.stderr)}"
    shown = [*changes[:SHOWN_CHANGES], *(["..."] if len(changes) > SHOWN_CHANGES else [])]
    return f".venv is out of date with uv.lock: {', '.join(shown)}"


def damage(environment: Path) -> str | None:
    """Return what is broken in an environment whose installation was interrupted, or None.

    uv relies on the metadata folder of a package and does not check the files that its RECORD lists (PEP 376).
    """
    if not environment.exists():
        return None
    configuration = environment / "pyvenv.cfg"  # empty if the process that wrote it was killed
    if not configuration.is_file() or b"home" not in configuration.read_bytes():
        return "the environment is incomplete"
    if not (environment / "bin" / "python").exists():
        return "the environment is incomplete"
    return next(
        (f"{folder.name.split('-')[0]} is incomplete" for folder in distributions(environment) if not whole(folder)),
        None,
    )


def available_pythons() -> dict[str, str]:
    """Return, for each Python version that uv knows, `here` or `uv can fetch it`; works offline."""
    listed = uv.attempt(None, "python", "list", "--output-format", "json")
    said: dict[str, str] = {}
    for python in json.loads(listed.stdout) if listed.returncode == 0 else []:
        version = f"{python['version_parts']['major']}.{python['version_parts']['minor']}"
        if python["implementation"] == "cpython" and said.get(version) != "here":
            said[version] = "here" if python["path"] else "uv can fetch it"
    return said

"""The environment of a repository that answered `conda`: `conda-lock.yml` and `.conda`, the package in it editable.

The lock is always solved by py-rattler, so that it does not depend on who locks. Installed is with the conda client
that the user has, and with py-rattler where there is none.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process
from rnd.environments.conda import clients, rattler
from rnd.environments.conda.lockfile import LOCK, fits, read_lock
from rnd.environments.conda.prefix import difference
from rnd.environments.conda.specification import ENVIRONMENT
from rnd.environments.distributions import distributions, whole
from rnd.environments.errors import DependencyMissing, EnvironmentInvalid
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    import subprocess

    from rnd.answers import Project
    from rnd.environments.conda.lockfile import LockedPackage

PREFIX = ".conda"
PIP = ("python", "-m", "pip", "--disable-pip-version-check", "--no-input")
# The package itself. What it needs must be in the environment already, its build backend included: pip fetches nothing.
EDITABLE = ("install", "--no-index", "--no-build-isolation", "--quiet", "--editable", ".")
UNMET = "No matching distribution found for "
# What a shell sets by itself.
OF_THE_SHELL = {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}
# What `conda activate` does, for one program: packages may bring scripts that set variables.
ACTIVATED = (
    'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do [ ! -r "$script" ] || . "$script"; done; exec "$@"'
)


@dataclass(frozen=True)
class CondaEnvironment:
    """What a repository needs of conda; see `rnd.environments.environment.Environment`."""

    project: Project
    programs = ("git",)
    invitation = f"{PREFIX}/bin/pytest"

    def preparation(self) -> tuple[Step, ...]:
        """Return no step: Python is one of the packages that are locked."""
        return ()

    def lock_step(self) -> Step:
        """Return the step after which `conda-lock.yml` fits `environment.yml`."""
        folder = self.project.folder

        def observe() -> State:
            if not (folder / LOCK).exists():
                return needed(f"no {LOCK} yet")
            lock = read_lock(folder)
            if not fits(lock, folder):
                return needed(f"{LOCK} does not fit {ENVIRONMENT}")
            return done(f"{len(lock.packages)} packages in {LOCK}, for {' and '.join(lock.platforms)}")

        action = Action(f"solve {ENVIRONMENT} into {LOCK}", lambda: rattler.lock(folder))
        return Step("lock", "Lock the dependencies", observe, (action,))

    def install_step(self) -> Step:
        """Return the step after which `.conda` holds what `conda-lock.yml` says, and the package itself."""

        def observe() -> State:
            if not (self.project.folder / LOCK).exists():
                return needed(f"no {PREFIX} yet")
            packages = self._packages()
            lacks = difference(self.prefix, packages) or self._lacks_project()
            return needed(lacks) if lacks else done(f"{len(packages)} packages in {PREFIX}")

        actions = (
            Action(f"{self._installer()} create --prefix {PREFIX}, from {LOCK}", self._make_prefix),
            Action(f"{PREFIX}/bin/python -m pip {' '.join(EDITABLE)}", self._install_project),
        )
        return Step("environment", "Install the environment", observe, actions)

    def command(self, *argv: str) -> str:
        """Return how a person runs a program of the environment."""
        return f"{PREFIX}/bin/{' '.join(argv)}"

    def attempt(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, activated, to its end, whatever its exit code."""
        path = f"{self.prefix / 'bin'}:{process.environment()['PATH']}"
        extra = {"CONDA_PREFIX": str(self.prefix), "PATH": path, "PIP_REQUIRE_VIRTUALENV": None}
        return process.attempt("sh", "-c", ACTIVATED, "sh", *argv, cwd=self.project.folder, extra=extra)

    @property
    def programs_folder(self) -> Path:
        """Where the environment's programs are."""
        return self.prefix / "bin"

    def variables(self) -> dict[str, str]:
        """Return the variables, beyond PATH, that the environment has when it is activated and otherwise has not."""
        said = self.attempt("env", "-0").stdout.rstrip("\0").split("\0")
        before = process.environment().items()
        pairs = (tuple(line.partition("=")[::2]) for line in said)
        return {name: value for name, value in pairs if (name, value) not in before and name not in OF_THE_SHELL}

    @property
    def prefix(self) -> Path:
        """The environment's folder, as its own files know it."""
        return self.project.folder.resolve() / PREFIX

    def _packages(self) -> tuple[LockedPackage, ...]:
        platform = rattler.this_platform()
        packages = read_lock(self.project.folder).of(platform)
        if not packages:
            raise EnvironmentInvalid(
                f"{LOCK} is not for {platform}, which this machine is.",
                f"Add {platform} to `platforms` in {ENVIRONMENT}, then run the same command again.",
            )
        return packages

    def _installer(self) -> str:
        client = clients.find_client()
        return Path(client).name if client else "py-rattler"

    def _make_prefix(self) -> None:
        """Make the environment anew where it is not right: what a killed run has left is not to be built upon."""
        packages = self._packages()
        if difference(self.prefix, packages) is None and not self._was_moved():
            return
        shutil.rmtree(self.prefix, ignore_errors=True)
        client = clients.find_client()
        if client is not None:
            clients.create(client, self.prefix, packages)
        else:
            rattler.install(self.project.folder, self.prefix, rattler.this_platform())

    def _install_project(self) -> None:
        completed = self.attempt(*PIP, *EDITABLE)
        if completed.returncode == 0:
            return
        _, unmet, name = completed.stderr.partition(UNMET)
        if unmet:
            raise DependencyMissing(f"pyproject.toml needs {name.split()[0]}, which {PREFIX} does not hold.")
        raise process.failure(completed, "pip", *EDITABLE)

    def _lacks_project(self) -> str | None:
        """Say what is wrong with the package itself in the environment, or None."""
        pyproject = self.project.folder / "pyproject.toml"
        metadata = self._project_metadata()
        if metadata is None:
            return f"the package itself is not in {PREFIX}"
        if not whole(metadata):
            return "the package itself is incomplete"
        if (metadata / "RECORD").stat().st_mtime_ns < pyproject.stat().st_mtime_ns:
            return "pyproject.toml has changed since"
        return None

    def _was_moved(self) -> bool:
        """Say whether the folder was moved since: programs of the environment hold its old place."""
        return self.prefix.is_dir() and self._any_editable() and self._project_metadata() is None

    def _any_editable(self) -> bool:
        return any((metadata / "direct_url.json").exists() for metadata in distributions(self.prefix))

    def _project_metadata(self) -> Path | None:
        """Return the metadata of what is installed from this very folder, editable (PEP 610)."""
        here = {"url": self.project.folder.resolve().as_uri(), "dir_info": {"editable": True}}
        for metadata in distributions(self.prefix):
            try:
                if json.loads((metadata / "direct_url.json").read_bytes()) == here:
                    return metadata
            except (OSError, ValueError):
                continue
        return None

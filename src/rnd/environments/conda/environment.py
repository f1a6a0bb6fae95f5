"""The environment of a repository with the dependency tool conda: `conda-lock.yml` and `.conda`.

py-rattler always solves the lock, so the result does not depend on the user's conda client. That client installs the
environment, or py-rattler if there is none. The project itself is installed in editable mode.
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
from rnd.environments.errors import DependencyMissing, EnvironmentInvalid, LockInvalid
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from rnd.answers import Project
    from rnd.environments.conda.lockfile import LockedPackage
    from rnd.process import Completed

PREFIX = ".conda"
PIP = ("python", "-m", "pip", "--disable-pip-version-check", "--no-input")
# Installs the project itself. Its dependencies and build backend must be in the environment: pip downloads nothing.
EDITABLE = ("install", "--no-index", "--no-build-isolation", "--quiet", "--editable", ".")
UNMET = "No matching distribution found for "
# Variables that every shell sets.
OF_THE_SHELL = {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}
# The equivalent of `conda activate` for one program: runs the activation scripts of packages.
ACTIVATED = (
    'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do [ ! -r "$script" ] || . "$script"; done; exec "$@"'
)


@dataclass(frozen=True)
class CondaEnvironment:
    """Implements `rnd.environments.environment.Environment` with conda."""

    project: Project
    programs = ("git",)
    invitation = f"{PREFIX}/bin/pytest"

    def preparation(self) -> tuple[Step, ...]:
        """Return no steps: Python is one of the locked packages."""
        return ()

    def lock_step(self) -> Step:
        """Return the step that brings `conda-lock.yml` up to date with `environment.yml`."""
        folder = self.project.folder

        def observe() -> State:
            if not (folder / LOCK).exists():
                return needed(f"no {LOCK} yet")
            lock = read_lock(folder)
            if not fits(lock, folder):
                return needed(f"{LOCK} is out of date with {ENVIRONMENT}")
            return done(f"{len(lock.packages)} packages in {LOCK}, for {' and '.join(lock.platforms)}")

        action = Action(f"solve {ENVIRONMENT} into {LOCK}", lambda: rattler.lock(folder))
        return Step("lock", "Lock the dependencies", observe, (action,))

    def install_step(self) -> Step:
        """Return the step that installs `conda-lock.yml` and the project itself into `.conda`."""

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
        """Return the shell command that runs a program of the environment."""
        return f"{PREFIX}/bin/{' '.join(argv)}"

    def attempt(self, *argv: str) -> Completed:
        """Run a program of the activated environment, and return the result for any exit code."""
        path = f"{self.prefix / 'bin'}:{process.environment()['PATH']}"
        extra = {"CONDA_PREFIX": str(self.prefix), "PATH": path, "PIP_REQUIRE_VIRTUALENV": None}
        return process.attempt("sh", "-c", ACTIVATED, "sh", *argv, cwd=self.project.folder, extra=extra)

    @property
    def programs_folder(self) -> Path:
        """The folder with the environment's programs."""
        return self.prefix / "bin"

    def variables(self) -> dict[str, str]:
        """Return the variables, besides PATH, that activating the environment sets."""
        said = self.attempt("env", "-0").stdout.rstrip("\0").split("\0")
        before = process.environment().items()
        pairs = (tuple(line.partition("=")[::2]) for line in said)
        return {name: value for name, value in pairs if (name, value) not in before and name not in OF_THE_SHELL}

    @property
    def prefix(self) -> Path:
        """The environment's folder, as an absolute path without symbolic links."""
        return self.project.folder.resolve() / PREFIX

    def _packages(self) -> tuple[LockedPackage, ...]:
        platform = rattler.this_platform()
        packages = read_lock(self.project.folder).of(platform)
        if not packages:
            raise EnvironmentInvalid(
                f"{LOCK} has no packages for this machine's platform, {platform}.",
                f"Add {platform} to `platforms` in {ENVIRONMENT}, then re-run the command.",
            )
        unverified = next((package for package in packages if not package.sha256), None)
        if unverified:
            raise LockInvalid(
                f"{LOCK} has no SHA-256 digest of {unverified.name}, and MD5 does not identify a package.",
                f"Delete {LOCK} and re-run the command; if the channel has no digest, re-index it with conda-index.",
            )
        return packages

    def _installer(self) -> str:
        client = clients.find_client()
        return Path(client).name if client else "py-rattler"

    def _make_prefix(self) -> None:
        """Recreate the environment if it differs from the lock file, is incomplete, or was moved."""
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
            raise DependencyMissing(f"pyproject.toml needs {name.split()[0]}, which is not in {PREFIX}.")
        raise process.failure(completed, "pip", *EDITABLE)

    def _lacks_project(self) -> str | None:
        """Return what is wrong with the installation of the project itself, or None."""
        pyproject = self.project.folder / "pyproject.toml"
        metadata = self._project_metadata()
        if metadata is None:
            return f"the project itself is not in {PREFIX}"
        if not whole(metadata):
            return "the project itself is incomplete"
        if (metadata / "RECORD").stat().st_mtime_ns < pyproject.stat().st_mtime_ns:
            return "pyproject.toml has changed since the installation"
        return None

    def _was_moved(self) -> bool:
        """Return whether the folder was moved after the installation: programs contain its old path."""
        return self.prefix.is_dir() and self._any_editable() and self._project_metadata() is None

    def _any_editable(self) -> bool:
        return any((metadata / "direct_url.json").exists() for metadata in distributions(self.prefix))

    def _project_metadata(self) -> Path | None:
        """Return the metadata of the editable installation of this folder (PEP 610), or None."""
        here = {"url": self.project.folder.resolve().as_uri(), "dir_info": {"editable": True}}
        for metadata in distributions(self.prefix):
            try:
                if json.loads((metadata / "direct_url.json").read_bytes()) == here:
                    return metadata
            except (OSError, ValueError):
                continue
        return None

"""Errors of environments and lock files; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class EnvironmentInvalid(RndError):
    """`environment.yml` or `virtual-packages.yml` cannot be read, or contains something that cannot be locked."""

    code = "environment-invalid"
    hint = "Fix the file, then re-run the command; docs/how-to/conda.md explains the format."


class LockInvalid(RndError):
    """`conda-lock.yml` cannot be read; it was not changed."""

    code = "lock-invalid"
    hint = "Restore the committed file, `git checkout -- conda-lock.yml`, or delete it to create a new one."


class LockStale(RndError):
    """The lock file is out of date with the requirements of the repository.

    The pipeline never updates the lock file, because it would then use package versions that nobody has reviewed.
    """

    code = "lock-stale"
    hint = "Run `rnd setup` in the repository, commit the updated lock file, and push."
    exit_code = ExitCode.DIFFERENCE


class ExtrasInvalid(RndError):
    """`[tool.rnd.extras]` in `pyproject.toml` does not select extras that exist and can be installed together."""

    code = "extras-invalid"
    hint = "Fix the table, then re-run the command; docs/how-to/gpu.md explains it."


class Unsolvable(RndError):
    """The channels have no packages that satisfy `environment.yml` on every platform.

    A package does not exist, or two requirements conflict; the message names them.
    """

    code = "unsolvable"
    hint = "Change the requirements or the channels in environment.yml, then re-run the command."


class DependencyMissing(RndError):
    """`pyproject.toml` has a dependency that is not in the conda environment.

    A conda environment is installed without a package index, so `environment.yml` must list the dependency too.
    """

    code = "dependency-missing"
    hint = "Add it to environment.yml, under its name in the channels, then re-run the command."

"""Errors of environments and lock files; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class EnvironmentInvalid(RndError):
    """`environment.yml`, or `virtual-packages.yml` beside it, asks for something that cannot be read or locked."""

    code = "environment-invalid"
    hint = "Mend the file, then run the same command again; docs/how-to/conda.md explains what may stand in it."


class LockInvalid(RndError):
    """`conda-lock.yml` cannot be read; it was left as it is."""

    code = "lock-invalid"
    hint = "Take the committed one back, `git checkout -- conda-lock.yml`, or delete it to lock anew."


class LockStale(RndError):
    """The lock file was made from something else than what the repository asks for now.

    Where nothing may be locked, in the pipeline above all, this is refused: it would run what nobody has seen.
    """

    code = "lock-stale"
    hint = "Run `rnd setup` in the repository, commit the lock file that it wrote, and push."
    exit_code = ExitCode.DIFFERENCE


class Unsolvable(RndError):
    """The channels have no packages that fulfil all that `environment.yml` asks for on every platform.

    What was asked for does not exist there, or two requests exclude each other; the message names them.
    """

    code = "unsolvable"
    hint = "Change the request in environment.yml, or its channels, then run the same command again."


class DependencyMissing(RndError):
    """The package needs something, by `pyproject.toml`, that its conda environment does not hold.

    Into a conda environment nothing is fetched from a package index, so `environment.yml` has to ask for it too.
    """

    code = "dependency-missing"
    hint = "Add it to environment.yml, under its name in the channels, then run the same command again."

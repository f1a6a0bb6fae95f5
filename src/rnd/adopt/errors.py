"""Errors of `rnd adopt`; see `rnd.errors`. Nothing was changed when one of the refusals is raised."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class AlreadyGenerated(RndError):
    """The repository is already generated from this template: `.copier-answers.yml` names it."""

    code = "adopt-already-generated"
    hint = "Bring template changes in with `rnd update`."
    exit_code = ExitCode.USAGE


class HistoryIncomplete(RndError):
    """The clone is shallow, or has pointers in place of the content of Git LFS.

    The next version is derived from all tags and commits, and a wheel that contains a pointer is broken.
    """

    code = "adopt-incomplete-clone"
    hint = "Complete the clone: `git fetch --unshallow --tags` and `git lfs pull`."
    exit_code = ExitCode.USAGE


class NoPackage(RndError):
    """The repository has no Python code, or no file that declares one Python package at its root.

    The pipeline releases one package and one image per repository, so there must be one to release.
    """

    code = "adopt-no-package"
    hint = "Declare the package in a `pyproject.toml` at the root, or create a new repository with `rnd new`."
    exit_code = ExitCode.USAGE


class SeveralPackages(RndError):
    """The repository declares more than one package; the pipeline derives one version and releases one package."""

    code = "adopt-several-packages"
    hint = "Split the repository, or list it in `fleet.watched` of org.yml to see it without changing it."
    exit_code = ExitCode.USAGE


class CompiledPackage(RndError):
    """The package has compiled extensions.

    The pipeline builds one wheel on one machine. A wheel with compiled code installs only on that platform and Python
    version, so a release would be broken for everyone else.
    """

    code = "adopt-compiled-package"
    hint = "Keep the repository's own release pipeline, and list it in `fleet.watched` of org.yml."
    exit_code = ExitCode.USAGE


class CondaEnvironment(RndError):
    """The conda environment at the root cannot be read, or only its lock file is there."""

    code = "adopt-conda"
    hint = "Correct environment.yml and commit it; docs/how-to/conda.md describes the file."
    exit_code = ExitCode.USAGE


class CredentialsCommitted(RndError):
    """An address in a committed file contains credentials. They are neither shown nor copied."""

    code = "adopt-credentials"
    hint = "Revoke the credentials, because history keeps them; then remove them from the address and commit."
    exit_code = ExitCode.USAGE


class Unclear(RndError):
    """Code computes what the package declares, so reading alone does not give its metadata.

    `rnd adopt` never guesses, and runs no code of a repository unless `--run-its-code` permits it.
    """

    code = "adopt-unclear"
    hint = "Write the value as a literal, or permit the build to run: `rnd adopt --run-its-code`."
    exit_code = ExitCode.DIFFERENCE


class BranchExists(RndError):
    """The branch `rnd/adopt` exists and was not made from the current commit."""

    code = "adopt-branch-exists"
    hint = "Merge it, or delete it with `git branch -D rnd/adopt`, then re-run the command."
    exit_code = ExitCode.USAGE

"""Who publishes: an identity of a job, with its credentials, or the user who runs the command. Reads pyproject.toml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnd import manifest
from rnd.errors import UsageError
from rnd.version.next_version import is_release

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.organisation import Aws
    from rnd.providers.aws import AwsCredentials


@dataclass(frozen=True)
class Access:
    """Who publishes, and what for.

    Attributes:
        identity: "development", "candidate" or "release"; None for the user who runs the command.
        writing: The credentials of the identity; by default those that boto3 finds.
        reading: Credentials that can only read packages, for builds; by default those that boto3 finds.
    """

    identity: str | None = None
    writing: AwsCredentials | None = field(default=None, repr=False)
    reading: AwsCredentials | None = field(default=None, repr=False)

    def package_repository(self, aws: Aws) -> str:
        """Return the CodeArtifact repository for packages of this identity."""
        place = aws.codeartifact
        return place.development_repository if self.identity == "development" else place.repository


def check_version(root: Path, identity: str | None) -> None:
    """Refuse a release by the identity of branches, before anything is built.

    Raises:
        UsageError: `pyproject.toml` has the version of a release.
    """
    if identity == "development" and is_release(version := manifest.read_version(root)):
        raise UsageError(
            f"{version} is a release, which the identity of branches cannot publish.",
            "If this is a job of main, the workflows of the repository are older than its separate jobs for "
            "publishing: run `rnd update`. By hand, run `rnd version set --dev` first.",
        )

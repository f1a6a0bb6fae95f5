"""Who publishes: an identity of a job, with its credentials, or whoever runs the command. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnd.aws import AwsCredentials
    from rnd.organisation import Aws


@dataclass(frozen=True)
class Access:
    """Who publishes, and what for.

    Attributes:
        identity: "development", "candidate" or "release"; None for whoever runs the command.
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

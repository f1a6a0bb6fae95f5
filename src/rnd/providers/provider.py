"""What a provider of a package index or an image registry implements, and who signs in there. No side effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rnd.providers.aws import AwsCredentials


@dataclass(frozen=True)
class Caller:
    """Who signs in.

    Attributes:
        identity: "development", "candidate", "release" or "reading"; None for the user who runs the command.
        environ: The environment, for providers whose passwords are secrets of GitHub.
        assume: Returns the AWS credentials of an identity in a job, or None where boto3 finds its own.
    """

    identity: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    assume: Callable[[str], AwsCredentials | None] = field(default=lambda _: None, repr=False)

    def credentials(self, *, reading: bool = False) -> AwsCredentials | None:
        """Return the AWS credentials of this identity, or of the one that can only read packages."""
        return None if self.identity is None else self.assume("reading" if reading else self.identity)


@dataclass(frozen=True)
class IndexAccess:
    """The addresses of a package index, and the credentials for it.

    Attributes:
        publish_url: Where files are uploaded to.
        simple_url: Where the simple repository API begins, with a slash at its end.
        username: Empty where reading needs no credentials.
        password: The password or the token.
    """

    publish_url: str
    simple_url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class RegistryAccess:
    """The address of an image registry, and the credentials for it.

    Attributes:
        host: With a port if it has one.
        folder: The path under which images are, empty or with a slash at its end.
        username: Empty where no credentials are needed.
        password: The password or the token.
    """

    host: str
    folder: str
    username: str
    password: str = field(repr=False)


class PackageIndex(Protocol):
    """A package index. A provider's module has `package_index(organisation, caller)`, which returns one."""

    account: str  # what `rnd doctor` calls it
    hint: str  # how a user signs in

    def sign_in(self, *, reading: bool = False) -> IndexAccess:
        """Return the addresses, and credentials that can publish as the caller's identity, or only read."""

    def can_read(self) -> bool:
        """Return whether this job has the means to sign in for reading; without network."""

    def examine(self) -> str:
        """Return what the user can read, in a few words, after a call that proves it."""


class ImageRegistry(Protocol):
    """An image registry. A provider's module has `image_registry(organisation, caller)`, which returns one."""

    creates_on_push: bool  # whether a push creates a missing repository
    most_floating: int | None  # the maximum number of floating tags; None for any number

    def sign_in(self) -> RegistryAccess:
        """Return the address, and credentials of the caller's identity."""

    def has_repository(self, name: str, tag: str, moving: Sequence[str]) -> bool:
        """Return whether the repository of an image exists; see `rnd.providers.ecr`."""

    def create_repository(self, name: str, moving: Sequence[str]) -> None:
        """Create the repository of an image, unless it exists."""

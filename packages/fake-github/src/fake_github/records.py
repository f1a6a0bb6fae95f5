"""What a fake GitHub keeps beside accounts and repositories: apps, devices, events, queries. Touches nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from joserfc.jwk import RSAKey

    from fake_github.state import Account, Document, Organisation, Repository

ALGORITHM = "RS256"  # of OpenID Connect tokens


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: As workflows have it after `on:`.
        action: As `opened`; None where GitHub has none.
        repository: Its full name.
        actor: Who did it.
        ref: As GITHUB_REF of a run that it starts.
        sha: As GITHUB_SHA of such a run.
        starts_runs: False for what was done with a run's own GITHUB_TOKEN.
        payload: As webhooks have it.
    """

    name: str
    action: str | None
    repository: str
    actor: str
    ref: str
    sha: str
    starts_runs: bool
    payload: Document = field(repr=False)

    @property
    def webhook(self) -> str:
        """The name in GitHub's description."""
        return "-".join(filter(None, (self.name, self.action))).replace("_", "-")


@dataclass(frozen=True)
class App:
    """A GitHub App, and its installation in an organisation.

    Attributes:
        account: The bot that acts for it.
        permissions: The most that a token of it may do.
    """

    id: int
    slug: str
    client_id: str
    installation: int
    account: Account
    organisation: Organisation
    permissions: dict[str, str]
    key: rsa.RSAPublicKey


@dataclass
class Device:
    """A device that waits for a user to confirm its code.

    Attributes:
        interval: Seconds that it has to wait between two questions; asking sooner adds five.
        login: Who confirmed; None while nobody has.
    """

    client_id: str
    user_code: str
    scopes: frozenset[str]
    interval: int
    expires: float
    login: str | None = None
    denied: bool = False
    asked: float = field(default_factory=time.monotonic)


@dataclass
class Provider:
    """The provider of one server.

    Attributes:
        issuer: The claim `iss`; by default the provider's address on this server.
        jobs: The repository and the claims of each job that may request tokens, by its request token.
    """

    issuer: str = ""
    jobs: dict[str, tuple[Repository, dict[str, str]]] = field(default_factory=dict, repr=False)

    @cached_property
    def key(self) -> RSAKey:
        """The key that signs, created when first used."""
        from joserfc.jwk import RSAKey

        return RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


@dataclass(frozen=True)
class Query:
    """A query that ran, for tests to count.

    Attributes:
        name: The operation's; empty if it has none.
        points: What it cost.
        nodes: How many nodes it could have returned.
        errors: The types of its errors.
    """

    name: str
    points: int
    nodes: int
    errors: tuple[str, ...] = ()

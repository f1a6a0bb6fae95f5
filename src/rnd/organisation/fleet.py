"""The `fleet` section of org.yml: how all repositories are treated together. No side effects."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic resolves it when the class is made
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from rnd.organisation.forms import Address, Host, RepositoryName, Slug, Strict, Text

Share = Annotated[int, Field(ge=1, le=100)]
# A release of the template, as its tag is written without `v`.
Release = Annotated[str, StringConstraints(pattern=r"\A[0-9]+\.[0-9]+\.[0-9]+\z")]
Merging = Literal["automatic", "by-hand"]
Dependencies = Literal["keep", "upgrade"]


class Ring(Strict):
    """A group of repositories. A ring without `repositories` and `share` has all that are in no other ring."""

    repositories: list[RepositoryName] = Field(default=[], description="names of repositories in the ring")
    share: Share | None = Field(
        default=None, description="per cent of all repositories, selected by a hash of the repository's ID"
    )
    hours: Annotated[int, Field(ge=0)] = Field(
        default=24, description="shortest time before a release goes to the next ring, in hours"
    )

    @property
    def takes_the_rest(self) -> bool:
        """Whether the ring has all repositories that are in no other ring."""
        return not self.repositories and self.share is None


class Stop(Strict):
    """When a command gives up on the remaining repositories. A single failing repository never stops a command."""

    failures: Annotated[int, Field(ge=2)] = Field(default=3, description="equal failures in a row")
    share: Share = Field(default=5, description="failures, in per cent of the repositories")


class Hold(Strict):
    """Why a repository stays at its version of the template, and until when."""

    until: date = Field(description="last day, as in 2027-02-01")
    because: Text = Field(description="reason", examples=["camera-ready"])


class Update(Strict):
    """The pull requests that bring a release of the template to repositories."""

    at_once: Annotated[int, Field(ge=1)] = Field(
        default=12, description="pull requests whose checks have not finished, at most"
    )
    every_days: Annotated[int, Field(ge=0)] = Field(
        default=14, description="shortest time between two updates of a repository, in days"
    )
    dependencies: Dependencies = Field(
        default="keep", description="whether an update also upgrades the locked dependencies, or keeps their versions"
    )
    cooldown_days: Annotated[int, Field(ge=0)] = Field(
        default=7, description="age that a version must have before an upgrade brings it, in days"
    )
    merge: dict[Slug, Merging] = Field(
        default={}, description="ring: whether its updates merge when their checks pass; without it, by hand"
    )


class Audit(Strict):
    """Known vulnerabilities of the packages that repositories lock: `rnd fleet audit`."""

    service: Address = Field(
        default="https://api.osv.dev/", description="address of a service with the API of OSV, with a / at its end"
    )
    private_indexes: list[Host] = Field(
        default=[],
        description="host names of further private package indexes; names of their packages are sent to no service",
        examples=[["packages.example.com"]],
    )


class Fleet(Strict):
    """All repositories together: `rnd fleet`."""

    rings: Annotated[dict[Slug, Ring], Field(min_length=1)] = Field(
        default={"all": Ring()}, description="name: group of repositories; the last ring has all that are left"
    )
    update: Update = Field(default=Update(), description="pull requests with releases of the template")
    audit: Audit = Field(default=Audit(), description="known vulnerabilities of locked packages")
    stop: Stop = Field(default=Stop(), description="when to give up on the remaining repositories")
    held: dict[RepositoryName, Hold] = Field(
        default={}, description="repository: hold; a held repository may be behind the template"
    )
    withdrawn: list[Release] = Field(
        default=[], description="releases of the template that no repository is updated to", examples=["1.5.0"]
    )
    watched: list[RepositoryName] = Field(
        default=[], description="other repositories of the owner that are reported and never changed"
    )

    @model_validator(mode="after")
    def _one_ring_takes_the_rest(self) -> Fleet:
        *others, last = self.rings.values()
        if not last.takes_the_rest or any(ring.takes_the_rest for ring in others):
            raise ValueError("the last ring, and no other, must have neither repositories nor share, as in `all: {}`")
        named = [name.lower() for ring in others for name in ring.repositories]
        if len(set(named)) < len(named):
            raise ValueError("a repository is in two rings")
        if sum(ring.share or 0 for ring in others) > 100:
            raise ValueError("the shares of the rings add up to more than 100")
        if unknown := self.update.merge.keys() - self.rings.keys():
            raise ValueError(f"update.merge names {min(unknown)}, which is not a ring")
        return self

    @property
    def canaries(self) -> list[str]:
        """The repositories that call the shared actions at a ref of their own: those that the first ring names."""
        first, *others = self.rings.values()
        return first.repositories if others else []

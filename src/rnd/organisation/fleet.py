"""The `fleet` section of org.yml: how all repositories are treated together. No side effects."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic resolves it when the class is made
from typing import Annotated

from pydantic import Field, model_validator

from rnd.organisation.forms import RepositoryName, Slug, Strict, Text

Share = Annotated[int, Field(ge=1, le=100)]


class Ring(Strict):
    """A group of repositories. A ring without `repositories` and `share` has all that are in no other ring."""

    repositories: list[RepositoryName] = Field(default=[], description="names of repositories in the ring")
    share: Share | None = Field(
        default=None, description="per cent of all repositories, selected by a hash of the repository's ID"
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


class Fleet(Strict):
    """All repositories together: `rnd fleet`."""

    rings: Annotated[dict[Slug, Ring], Field(min_length=1)] = Field(
        default={"all": Ring()}, description="name: group of repositories; the last ring has all that are left"
    )
    stop: Stop = Field(default=Stop(), description="when to give up on the remaining repositories")
    held: dict[RepositoryName, Hold] = Field(
        default={}, description="repository: hold; a held repository may be behind the template"
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
        return self

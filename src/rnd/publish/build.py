"""How an image is built: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rnd.publish.inputs import Inputs


@dataclass(frozen=True)
class Build:
    """How an image is built.

    Attributes:
        root: The repository.
        inputs: What it is made from.
        arguments: For `docker/build.py`, beyond those that follow from the inputs.
        variables: For its environment.
        run: What the image is labelled with: the id of the workflow run for a candidate, else a random value.
        digest: Of an image that the user declares to be this one.
        identity: The identity of the job that builds it, or None for a person.
        changing: The options that change the image, by name.
        pushed: The digests of the images that this command has made.
    """

    root: Path
    inputs: Inputs
    arguments: Sequence[str]
    variables: Mapping[str, str]
    run: str
    digest: str | None = None
    identity: str | None = None
    changing: Mapping[str, str | None] = field(default_factory=dict)
    pushed: set[str] = field(default_factory=set)

    @property
    def reuses(self) -> bool:
        """Whether it may use the environment that another build has left in the repository that it is pushed to."""
        return self.identity is not None

"""What is drawn for each of many repositories. Touches nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fake_github.state import Repository

Files = dict[str, str]  # texts by path

# Per cent of the repositories that are not as a new one is; each has one kind at most.
KINDS: dict[str, float] = {
    "archived": 3,
    "disabled": 0.5,
    "locked": 0.5,
    "empty": 1,
    "fork": 1,
    "mirror": 0.5,
    "other-template": 3,
    "no-template": 3,
    "no-main": 1,
}
PLAIN = "plain"


@dataclass(frozen=True)
class Drift:
    """A difference from the model that some repositories have.

    Attributes:
        percent: How many of a hundred.
        change: Makes the difference in the state of a repository.
    """

    percent: float
    change: Callable[[Repository], object]


@dataclass(frozen=True)
class Edit:
    """A change that somebody made to the files of some repositories.

    Attributes:
        percent: How many of a hundred.
        change: Changes the files, which are texts by path.
    """

    percent: float
    change: Callable[[Files], object]


@dataclass(frozen=True)
class Seeded:
    """A repository and everything that was drawn for it: what a test compares with.

    Attributes:
        repository: In the state.
        kind: One of `KINDS`, or "plain".
        version: Of the template.
        ref: Of the workflows.
        drifts: The names of its differences.
        edits: The names of the changes to its files.
        former_name: What it was called before it was renamed; None if it was not.
        hostile: Whether its name, description and topics are hostile.
        head: The last commit of its default branch; None in an empty one.
        files: Of that commit.
    """

    repository: Repository
    kind: str
    version: str
    ref: str
    drifts: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    former_name: str | None = None
    hostile: bool = False
    head: str | None = None
    files: Files = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The repository's name, without its owner."""
        return self.repository.name


@dataclass(frozen=True)
class Mix:
    """What repositories are drawn from.

    Attributes:
        versions: Of the template, each with its weight.
        refs: Of the workflows, each with its weight.
        drifts: Differences from the model, by name.
        edits: Changes to files, by name.
        kinds: Per cent of each kind.
        renamed: Per cent that had another name.
        hostile: Per cent whose name, description and topics are hostile.
        prefix: Of names that are not hostile.
    """

    versions: Mapping[str, float]
    refs: Mapping[str, float]
    drifts: Mapping[str, Drift]
    edits: Mapping[str, Edit]
    kinds: Mapping[str, float]
    renamed: float
    hostile: float
    prefix: str

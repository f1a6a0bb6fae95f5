"""A part of a repository's settings: read and written together, and a step of a plan. Touches nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.github.client import PAGE
from rnd.github.settings import compare, say
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from githubkit import Response

    from rnd.github.client import Client, Kit
    from rnd.github.repository import Repository
    from rnd.github.settings import Change, Document, Values
    from rnd.organisation.github import GitHub


@dataclass(frozen=True)
class Place:
    """A repository on GitHub, and how it should be set.

    Attributes:
        client: GitHub.
        repository: The repository.
        policy: The `github` part of org.yml.
    """

    client: Client
    repository: Repository
    policy: GitHub

    def document(self) -> Document:
        """Return what GitHub says of the repository."""
        return self.client.read(lambda kit: kit.rest.repos.get(*self.repository))

    def every(self, request: Callable[[Kit, int], Response[Any, Any]]) -> list[Document]:
        """Return all entries of a list; the request asks for one page of `PAGE` entries, by its number from 1."""
        return list(self.client.every(request))

    def team_ids(self) -> dict[str, int]:
        """Return the id of every team of the organisation, by its name."""
        listed = self.every(lambda kit, page: kit.rest.teams.list(self.repository.owner, per_page=PAGE, page=page))
        return {team["slug"]: team["id"] for team in listed}


@dataclass(frozen=True)
class Part:
    """Some settings that are read and written together.

    Attributes:
        key: For scripts, in kebab case.
        title: What a person reads, as an imperative.
        wanted: What org.yml wants.
        read: Asks GitHub what there is.
        mend: Makes it so. Twice does no harm.
    """

    key: str
    title: str
    wanted: Values
    read: Callable[[], Values]
    mend: Callable[[], object]

    def changes(self) -> tuple[Change, ...]:
        """Return where GitHub differs from org.yml."""
        return compare(self.wanted, self.read())

    def step(self) -> Step:
        """Return the step that mends it."""

        def observe() -> State:
            changes = self.changes()
            return needed("; ".join(map(str, changes))) if changes else done("as org.yml has it")

        wanted = ", ".join(f"{key}: {say(value)}" for key, value in self.wanted.items())
        return Step(self.key, self.title, observe, (Action(f"set {wanted}", self.mend),))

"""A setting: values that are read and written together, and the step of a plan that applies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.github.client import PAGE
from rnd.github.settings.diff import compare, format_value
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from githubkit import Response

    from rnd.github.client import Client, Kit
    from rnd.github.repository import Repository
    from rnd.github.settings.diff import Change, Values
    from rnd.organisation.github import GitHub

Document = Any  # a JSON document, as GitHub's documentation describes it


@dataclass(frozen=True)
class RepositoryContext:
    """A repository on GitHub and its configuration.

    Attributes:
        client: The GitHub client.
        repository: The repository.
        config: The `github` section of org.yml.
        central_ref: In the template's own repository, the branch that repositories call; None in all others.
    """

    client: Client
    repository: Repository
    config: GitHub
    central_ref: str | None = None

    def document(self) -> Document:
        """Return the repository as GitHub's API describes it."""
        return self.client.read(lambda kit: kit.rest.repos.get(*self.repository))

    def paginate(self, request: Callable[[Kit, int], Response[Any, Any]]) -> list[Document]:
        """Return all entries of a list; `request` gets the number of a page of `PAGE` entries, starting at 1."""
        return list(self.client.paginate(request))

    def team_ids(self) -> dict[str, int]:
        """Return the id of each team of the organisation, by name."""
        listed = self.paginate(lambda kit, page: kit.rest.teams.list(self.repository.owner, per_page=PAGE, page=page))
        return {team["slug"]: team["id"] for team in listed}


@dataclass(frozen=True)
class Setting:
    """Values that are read and written together.

    Attributes:
        key: The key in JSON output, in kebab case.
        title: The title of the step, as an imperative.
        wanted: The values in org.yml.
        read: Return the values on GitHub.
        apply: Write the wanted values to GitHub. Idempotent.
    """

    key: str
    title: str
    wanted: Values
    read: Callable[[], Values]
    apply: Callable[[], object]

    def changes(self) -> tuple[Change, ...]:
        """Return the differences between org.yml and GitHub."""
        return compare(self.wanted, self.read())

    def step(self) -> Step:
        """Return the step that applies the setting."""

        def observe() -> State:
            changes = self.changes()
            return needed("; ".join(map(str, changes))) if changes else done("matches org.yml")

        wanted = ", ".join(f"{key}: {format_value(value)}" for key, value in self.wanted.items())
        return Step(self.key, self.title, observe, (Action(f"set {wanted}", self.apply),))


@dataclass(frozen=True)
class Endpoint:
    """A setting with an endpoint of its own in the REST API, which GitHub's GraphQL API does not have.

    Attributes:
        keys: The keys that one request for a repository reads.
        setting: Return the setting of a repository.
        guard: org.yml does not set it. Guards are applied last, all others before the first commit is pushed.
        of_public: Public repositories have it, too.
        read: Return the values of the keys with as few requests as possible; None if `setting` does.
    """

    keys: tuple[str, ...]
    setting: Callable[[RepositoryContext], Setting]
    guard: bool = False
    of_public: bool = True
    read: Callable[[RepositoryContext], Values] | None = None

    def values(self, context: RepositoryContext) -> Values:
        """Return the values on GitHub."""
        return self.setting(context).read() if self.read is None else self.read(context)

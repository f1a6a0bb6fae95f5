"""What resolvers get as their parents, where the state has no object of its own for it. Touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fake_github.state import Account, Organisation, Repository, Team

if TYPE_CHECKING:
    from graphql import GraphQLAbstractType, GraphQLResolveInfo

    from fake_github.state import Document, PullRequest


class Object(NamedTuple):
    """An object of a repository's git; `path` is where it was found below the root, empty if it was not by path."""

    repository: Repository
    sha: str
    kind: str
    content: bytes
    path: str = ""


class Ref(NamedTuple):
    """A branch or a tag, by its whole name, and the id of what it names."""

    repository: Repository
    name: str
    sha: str


class TreeEntry(NamedTuple):
    """An entry of a tree."""

    repository: Repository
    name: bytes
    path: str
    mode: int
    sha: str


class Pull(NamedTuple):
    """A pull request and the repository that it is in."""

    repository: Repository
    pull: PullRequest


class Ruleset(NamedTuple):
    """A ruleset and its repository."""

    repository: Repository
    document: Document


class Rule(NamedTuple):
    """A rule of a ruleset."""

    ruleset: Ruleset
    number: int
    document: Document


class Actor(NamedTuple):
    """One who may bypass a ruleset."""

    ruleset: Ruleset
    number: int
    document: Document


class Environment(NamedTuple):
    """An environment and its repository."""

    repository: Repository
    document: Document


class Release(NamedTuple):
    """A release and its repository."""

    repository: Repository
    document: Document


class Topic(NamedTuple):
    """A topic of a repository."""

    name: str


class Check(NamedTuple):
    """A check run of a commit."""

    repository: Repository
    document: Document


class Status(NamedTuple):
    """A status of a commit."""

    repository: Repository
    document: Document


class Rollup(NamedTuple):
    """The checks and statuses of a commit."""

    commit: Object
    contexts: tuple[Check | Status, ...]


NAMES: dict[type, str] = {
    Repository: "Repository",
    Organisation: "Organization",
    Team: "Team",
    Ref: "Ref",
    Pull: "PullRequest",
    Ruleset: "RepositoryRuleset",
    Rule: "RepositoryRule",
    Environment: "Environment",
    Release: "Release",
    Check: "CheckRun",
    Status: "StatusContext",
}


def type_of(value: Any, _info: GraphQLResolveInfo, _type: GraphQLAbstractType) -> str:  # noqa: ANN401 - any source
    """Return the name of a value's type in the schema, where a field may have one of several."""
    name = NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Object):
        return value.kind.capitalize()
    if isinstance(value, Account):
        return value.kind
    return str(value["__typename"])

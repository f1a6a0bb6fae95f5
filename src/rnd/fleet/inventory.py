"""Which repositories belong to the fleet, and why the others do not. Pure.

A repository belongs to it if `.copier-answers.yml` on its default branch names this template. Topics and names do not
count: anyone can set them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import yaml

from rnd import bounded_yaml
from rnd.fleet.rings import ring_of
from rnd.github.repository import location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.organisation import Organisation

    Node = Mapping[str, Any]

# Why a repository is left out, in the order in which it is checked: field of GraphQL, and the word for people.
STATES = {
    "isArchived": "archived",
    "isDisabled": "disabled",
    "isLocked": "locked",
    "isFork": "forks",
    "isMirror": "mirrors",
    "isEmpty": "empty",
}


@dataclass(frozen=True)
class Member:
    """A repository of the fleet.

    Attributes:
        id: The number that GitHub keeps when the repository is renamed.
        node_id: Its ID in GraphQL.
        name: The name, without the owner.
        url: The page of the repository.
        version: The version of the template in the answers file; None if it is not readable.
        ring: The name of its ring.
        watched: Whether it is only reported and never changed.
        central: The ref at which its workflows should call the shared actions.
    """

    id: int
    node_id: str
    name: str
    url: str
    version: str | None
    ring: str
    watched: bool = False
    central: str = ""


def member(node: Node, organisation: Organisation) -> Member | str:
    """Return a repository of the fleet, or the reason why it is none."""
    watched = node["name"].lower() in {name.lower() for name in organisation.fleet.watched}
    if node["nameWithOwner"].partition("/")[0].lower() != organisation.github.owner.lower():
        return "moved to another owner"
    for field, reason in STATES.items():
        if node[field]:
            return reason
    version: str | None = None
    if not watched:
        answers = read_answers(node.get("answers"))
        if location(str(answers.get("_src_path", ""))) != location(organisation.template.repository):
            return "not from this template"
        if node.get("main") is None:
            return "without main"
        version = str(answers.get("_commit", "")) or None
    number = node["databaseId"]
    ring = ring_of(node["name"], number, organisation.fleet.rings)
    return Member(number, node["id"], node["name"], node["url"], version, ring, watched, _central(node, organisation))


def _central(node: Node, organisation: Organisation) -> str:
    """Return the ref at which the workflows of a repository should call the shared actions."""
    is_canary = node["name"].lower() in {name.lower() for name in organisation.fleet.canaries}
    return organisation.template.canary_ref if is_canary else organisation.template.workflow_ref


def read_answers(blob: Node | None) -> Mapping[str, object]:
    """Return the answers in a file that anyone with write access can edit; nothing if it is not readable."""
    if not blob or blob.get("isTruncated") or not blob.get("text"):
        return {}
    try:
        answers = bounded_yaml.load(blob["text"])
    except yaml.YAMLError:
        return {}
    return {str(key): value for key, value in answers.items()} if isinstance(answers, dict) else {}


@dataclass(frozen=True)
class Selection:
    """The repositories that a command is about.

    Attributes:
        ring: Only this ring.
        repositories: Only names that match one of these patterns.
    """

    ring: str | None = None
    repositories: Sequence[str] = ()

    def __contains__(self, one: Member) -> bool:
        return self.has(one.name, one.ring)

    def has(self, name: str, ring: str) -> bool:
        """Return whether a repository of this name, in this ring, is selected."""
        named = not self.repositories or any(fnmatchcase(name.lower(), glob.lower()) for glob in self.repositories)
        return named and self.ring in {None, ring}

"""Look at the whole fleet: find the repositories, read them, compare them with org.yml. Read-only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rnd.fleet import facts
from rnd.fleet.comparison import compared, wanted_settings, with_rest
from rnd.fleet.defaults import read_defaults
from rnd.fleet.facts import Facts
from rnd.fleet.files import read_workflows
from rnd.fleet.governor import POINTS
from rnd.fleet.inventory import Member, Selection, member
from rnd.fleet.listing import list_repositories, only_members, read_tags
from rnd.fleet.nodes import read_nodes
from rnd.fleet.rest import in_turn, is_due, requests
from rnd.fleet.rings import current_hold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rnd.fleet.audit.saved import Saved
    from rnd.fleet.defaults import Defaults
    from rnd.fleet.governor import Paused
    from rnd.fleet.reading import Reader
    from rnd.fleet.update.tick import Scene
    from rnd.organisation import Organisation

    Node = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """The fleet at one moment.

    Attributes:
        owner: The organisation.
        taken: When it was looked at.
        seen: How many repositories the token can see.
        skipped: Why repositories do not belong to the fleet, with how many.
        repositories: The repositories of the fleet, by name.
        newest: The newest release of the template; None if it is unknown.
        workflow_ref: The ref at which workflows should call the shared actions.
        plan: The organisation's plan; None if the token cannot see it.
        paused: Why not everything was read, if GitHub's limits ended that.
        queries: How many queries were sent.
        points: What GitHub charged for them.
        updates: The rings and the update pull requests, if they were read.
        audit: The known vulnerabilities of what the repositories lock, if they were given.
        unlisted: Repositories that GitHub did not show in its list, with the reasons: they may be of the fleet.
    """

    owner: str
    taken: datetime
    seen: int
    skipped: dict[str, int]
    repositories: tuple[Facts, ...]
    newest: str | None
    workflow_ref: str
    plan: str | None = None
    paused: Paused | None = None
    queries: int = 0
    points: int = 0
    updates: Scene | None = None
    audit: Saved | None = None
    unlisted: tuple[str, ...] = ()

    @property
    def changeable(self) -> tuple[Facts, ...]:
        """The repositories that are not only watched."""
        return tuple(one for one in self.repositories if not one.member.watched)

    @property
    def unreadable(self) -> tuple[Facts, ...]:
        """The repositories that could not be read, completely or in part."""
        return tuple(one for one in self.repositories if "unreadable" in one.having(self.workflow_ref))

    @property
    def not_read(self) -> tuple[str, ...]:
        """The keys that were not read in all repositories: only the REST API has them."""
        return tuple(dict.fromkeys(key for one in self.changeable for key in one.not_read))

    @property
    def partly_read(self) -> tuple[Facts, ...]:
        """The repositories of which not everything was read."""
        return tuple(one for one in self.changeable if one.not_read)

    @property
    def differing(self) -> tuple[Facts, ...]:
        """The repositories that are not in order."""
        return tuple(one for one in self.changeable if {"drift", "behind"} & {*one.having(self.workflow_ref)})


def look(
    reader: Reader,
    organisation: Organisation,
    selection: Selection,
    *,
    full: bool = False,
    rotate: bool = False,
    tell: Callable[[str], object] = lambda _: None,
) -> View:
    """Look at the fleet.

    Args:
        reader: Sends the queries.
        organisation: The values of org.yml.
        selection: Which repositories.
        full: Also read the settings that only the REST API has: a few requests for each repository.
        rotate: Do that for a seventh of the repositories, each day another one.
        tell: Is called with a sentence before something that takes minutes.

    Raises:
        Paused: GitHub's limits end this run.
        RndError: GitHub refused, or could not be reached.
    """
    found = list_repositories(reader, organisation.github.owner)
    known = [member(node, organisation) for node in found]
    skipped = Counter(one for one in known if isinstance(one, str))
    chosen = [one for one in only_members(known) if one in selection]
    tags = read_tags(reader, organisation)
    defaults = read_defaults(reader, organisation.github.owner)
    repositories = examine(reader, organisation, chosen, tags, defaults)
    now = datetime.now(UTC)
    due = [one for one in repositories if full or (rotate and is_due(one.member.id, now.date()))]
    _announce(due, tell)
    wanted = wanted_settings(reader, organisation)
    read = {one.member.id: one for one in with_rest(reader, organisation, in_turn(due, now), wanted)}
    return View(
        organisation.github.owner,
        datetime.now(UTC),
        len(found) + len(reader.unlisted),
        dict(skipped),
        tuple(read.get(one.member.id, one) for one in repositories),
        facts.newest_release(tags),
        organisation.template.workflow_ref,
        defaults.plan,
        reader.paused,
        reader.queries,
        reader.points,
        unlisted=tuple(reader.unlisted),
    )


def _announce(due: Sequence[Facts], tell: Callable[[str], object]) -> None:
    """Say how long reading the settings of the REST API takes, if it takes more than a minute."""
    needed = sum(requests(one.not_read) for one in due)
    if needed > POINTS:
        tell(f"Reading {len(due):,} repositories with {needed:,} requests: about {-(-needed // POINTS)} minutes.")


def examine(
    reader: Reader, organisation: Organisation, members: list[Member], tags: list[str], defaults: Defaults
) -> tuple[Facts, ...]:
    """Return what is known about some repositories."""
    nodes = read_nodes(reader, organisation, [one.node_id for one in members])
    refs = read_workflows(reader, nodes, organisation.template.full_name.lower())
    wanted = wanted_settings(reader, organisation)
    today = datetime.now(UTC).date()
    found = []
    for one in members:
        hold = current_hold(one.name, organisation.fleet, None, today)
        known = Facts(one, None if one.watched else facts.behind(one.version, tags), hold=hold)
        found.append(compared(known, nodes, refs, wanted, organisation, defaults))
    return tuple(found)

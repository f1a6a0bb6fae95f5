"""Look at the whole fleet: find the repositories, read them, compare them with org.yml. Read-only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.fleet import facts, rest
from rnd.fleet.documents import REST_ONLY, Found, found_settings
from rnd.fleet.facts import Facts
from rnd.fleet.files import read_workflows
from rnd.fleet.inventory import Member, Selection, member
from rnd.fleet.nodes import Nodes, read_nodes
from rnd.fleet.queries import REPOSITORIES, TAGS
from rnd.github.errors import NotThere
from rnd.github.repository import Repository, location, repository_at
from rnd.github.settings.diff import compare
from rnd.github.settings.plan import all_settings
from rnd.github.settings.setting import RepositoryContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.fleet.reading import Reader
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Setting
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
        full: Whether the settings that only the REST API has were read.
        queries: How many queries were sent.
        points: What GitHub charged for them.
    """

    owner: str
    taken: datetime
    seen: int
    skipped: dict[str, int]
    repositories: tuple[Facts, ...]
    newest: str | None
    workflow_ref: str
    full: bool
    queries: int = 0
    points: int = 0
    not_read: tuple[str, ...] = field(default=())

    @property
    def changeable(self) -> tuple[Facts, ...]:
        """The repositories that are not only watched."""
        return tuple(one for one in self.repositories if not one.member.watched)

    @property
    def unreadable(self) -> tuple[Facts, ...]:
        """The repositories that could not be read, completely or in part."""
        return tuple(one for one in self.repositories if "unreadable" in one.having(self.workflow_ref))

    @property
    def differing(self) -> tuple[Facts, ...]:
        """The repositories that are not in order."""
        return tuple(one for one in self.changeable if {"drift", "behind"} & {*one.having(self.workflow_ref)})


def look(reader: Reader, organisation: Organisation, selection: Selection, *, full: bool = False) -> View:
    """Look at the fleet.

    Args:
        reader: Sends the queries.
        organisation: The values of org.yml.
        selection: Which repositories.
        full: Also read the settings that only the REST API has: up to three requests for each repository.

    Raises:
        Paused: GitHub's limits end this run.
        RndError: GitHub refused, or could not be reached.
    """
    found = list_repositories(reader, organisation.github.owner)
    known = [member(node, organisation) for node in found]
    members = sorted((one for one in known if isinstance(one, Member)), key=lambda one: one.name.lower())
    skipped = Counter(one for one in known if isinstance(one, str))
    chosen = [one for one in members if one in selection]
    tags = read_tags(reader, organisation)
    repositories = examine(reader, organisation, chosen, tags, full=full)
    return View(
        organisation.github.owner,
        datetime.now(UTC),
        len(found),
        dict(skipped),
        repositories,
        facts.newest_release(tags),
        organisation.template.workflow_ref,
        full,
        reader.queries,
        reader.points,
        () if full else REST_ONLY,
    )


def list_repositories(reader: Reader, owner: str) -> list[Node]:
    """Return all repositories of the organisation that the token can see.

    Raises:
        NotThere: There is no such organisation.
    """
    nodes: list[Node] = []
    after = None
    while True:
        answer = reader.ask_patiently(REPOSITORIES, {"owner": owner, "after": after})
        organisation = answer.data.get("organization")
        if organisation is None:
            raise NotThere(f"GitHub has no organisation {owner}, or the token cannot see it.")
        page = organisation["repositories"]
        nodes += [node for node in page["nodes"] if node is not None]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def read_tags(reader: Reader, organisation: Organisation) -> list[str]:
    """Return the tags of the template; nothing if its repository is on another server, or the token cannot see it."""
    there = repository_at(organisation.template.repository, reader.client.addresses)
    if there is None:
        return []
    tags: list[str] = []
    after = None
    while True:
        answer = reader.ask_patiently(TAGS, {**there._asdict(), "after": after})
        refs = (answer.data.get("repository") or {}).get("refs")
        if refs is None:
            return []
        tags += [one["name"] for one in refs["nodes"] if one]
        if not refs["pageInfo"]["hasNextPage"]:
            return tags
        after = refs["pageInfo"]["endCursor"]


def examine(
    reader: Reader, organisation: Organisation, members: list[Member], tags: list[str], *, full: bool
) -> tuple[Facts, ...]:
    """Return what is known about some repositories."""
    nodes = read_nodes(reader, organisation, [one.node_id for one in members])
    refs = read_workflows(reader, nodes, location(organisation.template.repository)[1])
    wanted = wanted_settings(reader, organisation)
    today = datetime.now(UTC).date()
    found = []
    for one in members:
        hold = facts.current_hold(one.name, organisation.fleet.held, today)
        known = Facts(one, None if one.watched else facts.behind(one.version, tags), hold=hold)
        found.append(compared(known, nodes, refs, wanted, organisation))
    if full:
        found = reader.in_parallel(found, lambda one: _with_rest(reader, organisation, one, wanted))
    return tuple(found)


def settings_of(reader: Reader, organisation: Organisation) -> dict[str, str]:
    """Return which setting writes each key of org.yml."""
    return {key: setting.key for setting in _settings(reader, organisation) for key in setting.wanted}


def wanted_settings(reader: Reader, organisation: Organisation) -> Values:
    """Return the values that org.yml wants every repository to have."""
    return {key: value for setting in _settings(reader, organisation) for key, value in setting.wanted.items()}


def _settings(reader: Reader, organisation: Organisation) -> tuple[Setting, ...]:
    context = RepositoryContext(reader.client, Repository(organisation.github.owner, ""), organisation.github)
    return all_settings(context)


def compared(known: Facts, nodes: Nodes, refs: Mapping[str, str], wanted: Values, organisation: Organisation) -> Facts:
    """Return the facts with the settings, as far as GraphQL has them."""
    one = known.member
    node = nodes.repositories.get(one.node_id)
    if node is None:
        return replace(known, error=nodes.errors.get(one.node_id, "GitHub did not answer"))
    failed = nodes.failed.get(one.node_id, frozenset())
    permissions = {team: None if held is None else held.get(one.id, "") for team, held in nodes.permissions.items()}
    found = found_settings(node, nodes.rulesets, permissions, failed, organisation.github)
    skipped = {*found.unknown, *REST_ONLY}
    if node.get("environment") is None and "environment.name" not in found.unknown:
        skipped.discard("environment.branches")  # without the environment, nothing has to be read to know that
    state = {key: value for key, value in wanted.items() if key not in skipped}
    return replace(
        known,
        workflows="watched" if one.watched else refs.get(one.node_id, facts.UNKNOWN),
        main=_main(node, failed),
        changes=compare(state, found.values),
        unknown=tuple(key for key in wanted if key in found.unknown),
        error=nodes.errors.get(one.node_id),
    )


def _main(node: Node, failed: frozenset[str]) -> str:
    """Return the result of the checks on `main`."""
    if "head" in failed:
        return facts.UNKNOWN
    rollup = ((node.get("head") or {}).get("target") or {}).get("statusCheckRollup")
    return facts.CHECKS.get(rollup["state"], facts.UNKNOWN) if rollup else facts.NO_CHECKS


def _with_rest(reader: Reader, organisation: Organisation, known: Facts, wanted: Values) -> Facts:
    """Return the facts with the settings that only the REST API has."""
    if known.error is not None and not known.unknown:
        return known
    repository = Repository(organisation.github.owner, known.member.name)
    context = RepositoryContext(reader.client, repository, organisation.github)
    try:
        found = Found(rest.read(context, has_environment=_has_environment(known)))
    except RndError as error:
        missing = (key for key in REST_ONLY if key in wanted)
        return replace(known, unknown=(*known.unknown, *missing), error=error.message)
    known_already = {change.key for change in known.changes}
    state = {key: wanted[key] for key in REST_ONLY if key in wanted and key not in known_already}
    both = (*known.changes, *compare(state, found.values))
    order = list(wanted)
    return replace(known, changes=tuple(sorted(both, key=lambda change: order.index(change.key))))


def _has_environment(known: Facts) -> bool:
    return "environment.name" not in known.unknown and all(one.key != "environment.name" for one in known.changes)

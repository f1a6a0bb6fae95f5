"""Compare repositories with org.yml: what GraphQL has about them, then what only the REST API has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnd.fleet import checks, rest
from rnd.fleet.defaults import Defaults
from rnd.fleet.documents import found_settings
from rnd.fleet.governor import Paused
from rnd.fleet.inventory import read_answers
from rnd.fleet.rest import REST_ONLY
from rnd.github.errors import RateLimited
from rnd.github.repository import Repository
from rnd.github.settings.diff import compare
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rnd.fleet.facts import Facts
    from rnd.fleet.nodes import Nodes
    from rnd.fleet.reading import Reader
    from rnd.github.settings.diff import Change, Values
    from rnd.github.settings.setting import Setting
    from rnd.organisation import Organisation

    Node = Mapping[str, Any]


def settings_of(reader: Reader, organisation: Organisation) -> dict[str, str]:
    """Return which setting writes each key."""
    return {key: setting.key for setting in _settings(reader, organisation) for key in setting.wanted}


def wanted_settings(reader: Reader, organisation: Organisation) -> Values:
    """Return the values that every repository should have."""
    return {key: value for setting in _settings(reader, organisation) for key, value in setting.wanted.items()}


def _settings(reader: Reader, organisation: Organisation) -> tuple[Setting, ...]:
    context = RepositoryContext(reader.client, Repository(organisation.github.owner, ""), organisation.github)
    return settings_and_guards(context)


def compared(
    known: Facts,
    nodes: Nodes,
    refs: Mapping[str, str],
    wanted: Values,
    organisation: Organisation,
    defaults: Defaults | None = None,
) -> Facts:
    """Return the facts with the settings, as far as GraphQL and the organisation's defaults have them."""
    one = known.member
    node = nodes.repositories.get(one.node_id)
    if node is None:
        return replace(known, error=nodes.errors.get(one.node_id, "GitHub did not answer"))
    failed = nodes.failed.get(one.node_id, frozenset())
    permissions = {team: None if held is None else held.get(one.id, "") for team, held in nodes.permissions.items()}
    found = found_settings(node, nodes.rulesets, permissions, failed, organisation.github)
    defaults = defaults or Defaults()
    values = {**found.values, **defaults.values, **_known_by_visibility(node)}
    not_read = _not_read(node, wanted, values, found.unknown)
    own = {"visibility"} if _decides_visibility(node, wanted, values) else set()
    state = {key: value for key, value in wanted.items() if key not in {*found.unknown, *not_read, *own}}
    private = node["visibility"] != "PUBLIC"
    changes = compare(state, values)
    lacking = tuple(change.key for change in changes if defaults.lacks(change.key, private=private))
    return replace(
        known,
        workflows="watched" if one.watched else refs.get(one.node_id, checks.UNKNOWN),
        main=_main(node, failed),
        changes=tuple(change for change in changes if change.key not in lacking),
        unknown=tuple(key for key in wanted if key in found.unknown),
        not_read=not_read,
        lacking=lacking,
        error=nodes.errors.get(one.node_id),
        baseline=None if not one.watched and existed_before(node) else 0,
    )


def existed_before(node: Node) -> bool:
    """Return whether a repository joined with files of its own: only such a one has a lint baseline."""
    return bool(read_answers(node.get("answers")).get("other_names"))


def _decides_visibility(node: Node, wanted: Values, values: Values) -> bool:
    """Return whether a repository with another visibility existed before the template: then it keeps it."""
    differs = "visibility" in wanted and values.get("visibility") != wanted["visibility"]
    return differs and existed_before(node)


def _known_by_visibility(node: Node) -> Values:
    """Return the settings that a public repository does not have: forks get nothing, and everyone can use actions."""
    if node["visibility"] != "PUBLIC":
        return {}
    return {"forks.write_tokens": False, "forks.secrets": False, "actions.shared_with": None}


def _not_read(node: Node, wanted: Values, values: Values, unknown: frozenset[str]) -> tuple[str, ...]:
    """Return the keys that only the REST API has, and that nothing else answers."""
    known = {*values}
    if node.get("environment") is None and "environment.name" not in unknown:
        known.add("environment.branches")  # without the environment, nothing has to be read to know that
    return tuple(key for key in wanted if key in REST_ONLY and key not in known)


def _main(node: Node, failed: frozenset[str]) -> str:
    """Return the result of the checks on `main`."""
    if "head" in failed:
        return checks.UNKNOWN
    return checks.result(node.get("head"))


def with_rest(reader: Reader, organisation: Organisation, known: Sequence[Facts], wanted: Values) -> list[Facts]:
    """Return facts with the settings that only the REST API has; GitHub's limits end that early.

    What was not read then is listed as such, and `reader.paused` says when to continue.
    """
    return reader.in_parallel(known, lambda one: _one_with_rest(reader, organisation, one, wanted))


def _one_with_rest(reader: Reader, organisation: Organisation, known: Facts, wanted: Values) -> Facts:
    if reader.paused is not None or not known.not_read:
        return known
    repository = Repository(organisation.github.owner, known.member.name)
    context = RepositoryContext(reader.client, repository, organisation.github)
    try:
        reader.governor.check()
        found, failed = rest.read(context, known.not_read)
    except Paused as paused:
        reader.paused = paused
        return known
    except RateLimited as error:
        reader.paused = reader.governor.pause_for(error)
        return known
    state = {key: wanted[key] for key in known.not_read if key not in failed}
    return replace(
        known,
        changes=_in_order((*known.changes, *compare(state, found)), wanted),
        unknown=tuple(key for key in wanted if key in {*known.unknown, *failed}),
        not_read=(),
        error=known.error or next(iter(failed.values()), None),
    )


def _in_order(changes: Iterable[Change], wanted: Values) -> tuple[Change, ...]:
    order = {key: place for place, key in enumerate(wanted)}
    return tuple(sorted(changes, key=lambda change: order[change.key]))

"""Look again at the repositories of a plan: which ones are no longer as the plan found them. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.fleet.comparison import compared, wanted_settings
from rnd.fleet.facts import Facts
from rnd.fleet.inventory import Member, member
from rnd.fleet.nodes import read_nodes
from rnd.fleet.rest import REST_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.fleet.plan_file import PlannedRepository
    from rnd.fleet.reading import Reader
    from rnd.organisation import Organisation


def look_again(
    reader: Reader, organisation: Organisation, planned: Sequence[PlannedRepository]
) -> tuple[dict[int, str], dict[int, str]]:
    """Return why repositories are no longer as a plan found them, and the present name of each, by ID.

    Args:
        reader: Sends the queries.
        organisation: The values of org.yml.
        planned: The repositories of the plan.
    """
    nodes = read_nodes(reader, organisation, [one.node_id for one in planned])
    wanted = wanted_settings(reader, organisation)
    left_out: dict[int, str] = {}
    names: dict[int, str] = {}
    for one in planned:
        node = nodes.repositories.get(one.node_id)
        if node is None or {"answers", "main"} & nodes.failed[one.node_id]:  # what decides whether it is of the fleet
            left_out[one.id] = nodes.errors.get(one.node_id, "GitHub did not answer")
            continue
        found = member(node, organisation)
        if not isinstance(found, Member) or found.watched or found.id != one.id:
            left_out[one.id] = f"it is now: {found}" if isinstance(found, str) else "it is only watched"
            continue
        names[one.id] = found.name
        now = compared(Facts(found), nodes, {}, wanted, organisation)
        expected = [change for group in one.by_setting().values() for change in group if change.key not in REST_ONLY]
        present = [change for change in now.changes if change.key not in REST_ONLY]
        if now.unknown:
            left_out[one.id] = f"GitHub did not answer: {', '.join(now.unknown)}"
        elif not set(present) <= set(expected):
            left_out[one.id] = f"it changed since the plan: {'; '.join(map(str, present))}"
    return left_out, names

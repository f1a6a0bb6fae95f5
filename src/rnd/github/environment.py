"""The deployment environment that publishing runs in. Reads and writes it on GitHub.

See https://docs.github.com/en/rest/deployments/environments and, for the branches that may use it,
https://docs.github.com/en/rest/deployments/branch-policies.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rnd.github import settings
from rnd.github.client import PAGE
from rnd.github.part import Part

if TYPE_CHECKING:
    from rnd.github.part import Place
    from rnd.github.settings import Document, Values

LIMITED: Any = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def environment(place: Place) -> Part:
    """The environment, and the branches that may use it."""
    wanted = place.policy.repository.environment
    where = (*place.repository, wanted.name)

    def read() -> Values:
        found: Document = place.client.find(lambda kit: kit.rest.repos.get_environment(*where))
        limited = found is not None and found.get("deployment_branch_policy")
        return settings.found_environment(found, policies(place) if limited else ())

    def mend() -> None:
        place.client.send(lambda kit: kit.rest.repos.create_or_update_environment(*where, data=LIMITED))
        there = policies(place)
        known = {one["name"] for one in there if one.get("type") != "tag"}
        for branch in sorted(set(wanted.branches) - known):
            place.client.ensure(partial(_find, place, branch), partial(_allow, where, branch))
        for other in there:
            if other["name"] not in wanted.branches or other.get("type") == "tag":
                place.client.send(partial(_forbid, where, other["id"]))

    expected = settings.wanted_environment(wanted)
    return Part("publishing-environment", "Limit where publishing runs", expected, read, mend)


def policies(place: Place) -> list[Document]:
    """Return what may use the environment: patterns of branches and tags."""
    where = (*place.repository, place.policy.repository.environment.name)
    found: Document = place.client.find(
        lambda kit: kit.rest.repos.list_deployment_branch_policies(*where, per_page=PAGE)
    )
    return found["branch_policies"] if found else []


def _find(place: Place, branch: str) -> Document | None:
    return next((one for one in policies(place) if one["name"] == branch and one.get("type") != "tag"), None)


def _allow(where: tuple[str, str, str], branch: str, kit: Any) -> Any:  # noqa: ANN401 - githubkit's own types
    return kit.rest.repos.create_deployment_branch_policy(*where, data={"name": branch, "type": "branch"})


def _forbid(where: tuple[str, str, str], policy: int, kit: Any) -> Any:  # noqa: ANN401
    return kit.rest.repos.delete_deployment_branch_policy(*where, policy)

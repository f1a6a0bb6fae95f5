"""Open pull requests that revert a release of the template where it was merged.

Copier cannot go back to an earlier version, so GitHub reverts the merge: a pull request whose checks run as for any
other. https://docs.github.com/en/graphql/reference/mutations#revertpullrequest
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.fleet.reading import mutate
from rnd.fleet.recognition import recognised
from rnd.fleet.rings import is_at_least
from rnd.fleet.update.words import BRANCH
from rnd.github.errors import GitHubRefused, RateLimited, SignInNeeded
from rnd.github.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.fleet.governor import Breaker, Governor
    from rnd.fleet.inventory import Member
    from rnd.fleet.update.state import Pull
    from rnd.fleet.update.tick import Scene
    from rnd.github.client import Client

REVERT = """
mutation Revert($id: ID!, $title: String!, $body: String!) {
  revertPullRequest(input: {pullRequestId: $id, title: $title, body: $body}) { revertPullRequest { id url } }
}
"""


@dataclass(frozen=True)
class Reversal:
    """A merged update to revert: the repository, its pull request, and the release that its ring has now."""

    member: Member
    pull: Pull
    target: str


def reversals(scene: Scene) -> list[Reversal]:
    """Return the updates that brought repositories above the release of their ring. Pure."""
    found = []
    for one in scene.members:
        given = scene.ledger.rings.get(one.ring)
        if one.watched or given is None or one.version is None:
            continue
        merged = (pull for pull in scene.updates[one.node_id].earlier if pull.state == "MERGED" and pull.release)
        pull = next((pull for pull in merged if is_at_least(one.version, str(pull.release))), None)
        if pull is not None and not is_at_least(given.release, str(pull.release)):
            found.append(Reversal(one, pull, given.release))
    return found


def revert(
    client: Client, governor: Governor, owner: str, planned: list[Reversal], breaker: Breaker
) -> Iterator[tuple[str, str, RndError | None]]:
    """Open the pull requests that are not there; yield the repository, the address, and the error if there was one.

    Raises:
        Paused: GitHub's limits end this run.
        FleetStopped: Too many failed.
        SignInNeeded: The token is not valid.
    """
    for one in planned:
        governor.check()
        try:
            address = _find(client, owner, one) or _open(client, governor, owner, one)
        except RateLimited as error:
            raise governor.pause_for(error) from error
        except SignInNeeded:
            raise
        except RndError as error:
            yield one.member.name, "", error
            breaker.failed(error)
        else:
            breaker.succeeded()
            yield one.member.name, address, None


def _find(client: Client, owner: str, one: Reversal) -> str | None:
    """Return the pull request that reverts another one, by the name that GitHub gives its branch."""
    there = Repository(owner, one.member.name)
    head = f"{owner}:revert-{one.pull.number}-{BRANCH}"
    listed: Any = client.read(lambda kit: kit.rest.pulls.list(*there, state="all", head=head))
    return str(listed[0]["html_url"]) if listed else None


def _open(client: Client, governor: Governor, owner: str, one: Reversal) -> str:
    recognised(client, Repository(owner, one.member.name), one.member.id)
    governor.pace("POST", "/mutation")
    release = one.pull.release
    variables = {
        "id": one.pull.id,
        "title": f"revert: go back from template {release} to {one.target}",
        "body": f"Release {release} of the template was taken back. This reverts {one.pull.url}.",
    }
    answer = mutate(client, governor, REVERT, variables)
    made = (answer.data.get("revertPullRequest") or {}).get("revertPullRequest")
    if not made:
        there = _find(client, owner, one)  # GitHub may have acted on a request whose answer was lost
        if there is not None:
            return there
        said = "; ".join(str(error.get("message")) for error in answer.errors)[:300]
        raise GitHubRefused(f"GitHub cannot revert {one.pull.url}: {said or 'it gives no reason'}.")
    return str(made["url"])

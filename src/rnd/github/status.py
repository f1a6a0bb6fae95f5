"""Set the status of a commit, for checks that GitHub does not run itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rnd.github.client import PAGE
from rnd.plan import Action, Plan, State, Step, done, needed

if TYPE_CHECKING:
    from githubkit_schemas.v2026_03_10.types import ReposOwnerRepoStatusesShaPostBodyType

    from rnd.github.client import Client
    from rnd.github.repository import Repository

LONGEST = 140  # characters; GitHub's limit for descriptions


@dataclass(frozen=True)
class Status:
    """The status of a check.

    Attributes:
        context: The name of the check, as in a ruleset.
        state: The result of the check.
        description: A short description; truncated to `LONGEST`.
        target_url: A page with details.
    """

    context: str
    state: Literal["pending", "success", "failure", "error"]
    description: str = ""
    target_url: str | None = None


def plan_status(client: Client, repository: Repository, commit: str, wanted: Status) -> Plan:
    """Return the plan that sets the status of a commit; see https://docs.github.com/en/rest/commits/statuses."""
    owner, name = repository
    data: ReposOwnerRepoStatusesShaPostBodyType = {
        "state": wanted.state,
        "context": wanted.context,
        "description": wanted.description[:LONGEST],
    }
    if wanted.target_url:
        data["target_url"] = wanted.target_url

    def observe() -> State:
        listed = client.paginate(
            lambda kit, page: kit.rest.repos.list_commit_statuses_for_ref(owner, name, commit, per_page=PAGE, page=page)
        )
        # The newest status comes first, and only that one counts.
        last = next((one for one in listed if one["context"] == wanted.context), None)
        if last is None:
            return needed("none yet")
        same = all((last.get(key) or "") == value for key, value in data.items())
        return done(wanted.state) if same else needed(f"it is {last['state']}: {last['description']}")

    def write() -> None:
        # Idempotent: GitHub accepts the same status again.
        client.send(lambda kit: kit.rest.repos.create_commit_status(owner, name, commit, data=data))

    action = Action(f"set {wanted.context} to {wanted.state} on {commit}", write)
    step = Step("status", f"Set the status {wanted.context}", observe, (action,))
    return Plan(f"{wanted.context} on {commit[:7]} of {repository}", (step,))

"""Which runs of pull requests wait until a maintainer approves them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.state import ROLES
from rnd_rehearsal import workflows

if TYPE_CHECKING:
    from fake_github.records import Event
    from fake_github.state import Document, State


def waits(state: State, event: Event) -> bool:
    """Return whether the runs that an event starts wait for approval.

    Two kinds do: what a run does to a pull request with its GITHUB_TOKEN
    (https://docs.github.com/en/actions/concepts/security/github_token#when-github_token-triggers-workflow-runs), and a
    pull request from a fork, until the repository has merged one of its author
    (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/approve-runs-from-forks; the default of GitHub,
    "first-time contributors").
    """
    if event.name != "pull_request" or event.action not in workflows.PULL_TYPES:
        return False
    return not event.starts_runs or _first_time(state, event.repository, event.payload["pull_request"])


def _first_time(state: State, name: str, pull: Document) -> bool:
    repository, author = state.repository(name), state.account(pull["user"]["login"])
    if repository is None or author is None or pull["head"]["repo"]["full_name"] == name:
        return False
    role = state.role(author, repository)
    if role is not None and ROLES.index(role) >= ROLES.index("push"):
        return False
    return not any(one.author is author and one.merged_at for one in repository.pulls.values())

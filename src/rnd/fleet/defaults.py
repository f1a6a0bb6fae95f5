"""What an organisation decides for all of its repositories: defaults of GitHub Actions, and its plan. Read-only.

What a default forbids, no repository can allow, so one request replaces one for each repository:
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/enabling-features-for-your-repository/managing-github-actions-settings-for-a-repository.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.github.errors import RateLimited, SignInNeeded
from rnd.github.settings.actions import found_token
from rnd.github.settings.forks import found_forks

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.fleet.reading import Reader
    from rnd.github.settings.diff import Values

# The values of a default that no repository can differ from.
RESTRICTIVE: Values = {
    "actions.token": "read",
    "actions.approve_pull_requests": False,
    "forks.write_tokens": False,
    "forks.secrets": False,
}
# Keys of settings that private repositories of an organisation on the free plan do not have.
PAID = ("main.", "release_tags", "environment.")


@dataclass(frozen=True)
class Defaults:
    """What an organisation decides for its repositories.

    Attributes:
        values: Settings that all repositories have because no other value is allowed.
        plan: Its plan, such as `free` or `team`; None if the token cannot see it.
    """

    values: Values = field(default_factory=dict)
    plan: str | None = None

    def lacks(self, key: str, *, private: bool) -> bool:
        """Return whether the plan does not have a setting."""
        return self.plan == "free" and private and key.startswith(PAID)


def read_defaults(reader: Reader, owner: str) -> Defaults:
    """Return what an organisation decides, as far as the token can see it, with three requests.

    Raises:
        Paused: GitHub's limits end this run.
        SignInNeeded: The token is not valid.
    """
    values: Values = {}
    token = _read(
        reader, lambda kit: kit.rest.actions.get_github_actions_default_workflow_permissions_organization(owner)
    )
    forks = _read(reader, lambda kit: kit.rest.actions.get_private_repo_fork_pr_workflows_settings_organization(owner))
    values |= found_token(token) if token else {}
    values |= found_forks(forks) if forks else {}
    known = {key: value for key, value in values.items() if RESTRICTIVE[key] == value}
    about = _read(reader, lambda kit: kit.rest.orgs.get(owner)) or {}
    return Defaults(known, (about.get("plan") or {}).get("name"))


def _read(reader: Reader, request: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - a JSON document
    """Return a document, or None if it cannot be read: only owners can see the defaults."""
    try:
        return reader.client.read(request)
    except SignInNeeded:
        raise
    except RateLimited as error:
        raise reader.governor.pause_for(error) from error
    except RndError:
        return None

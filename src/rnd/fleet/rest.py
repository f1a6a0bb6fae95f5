"""The settings that GitHub's GraphQL API does not have, read for one repository: one request for each setting."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rnd.errors import RndError
from rnd.github.errors import RateLimited, SignInNeeded
from rnd.github.settings.actions import actions_access, fork_workflows, workflow_token
from rnd.github.settings.environment import branch_policies, publishing_environment
from rnd.github.settings.oidc import oidc_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime

    from rnd.fleet.facts import Facts
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import RepositoryContext


def _branches(context: RepositoryContext) -> Values:
    """Return the branches of the environment, with one request unless there are none."""
    policies = branch_policies(context)
    if not policies:  # also the answer for an environment that all branches can use
        return {"environment.branches": publishing_environment(context).read().get("environment.branches")}
    names = (f"{one['name']} (a tag)" if one.get("type") == "tag" else one["name"] for one in policies)
    return {"environment.branches": tuple(sorted(names))}


# Each request, with the keys that it answers, in the order of org.yml.
READS: dict[tuple[str, ...], Callable[[RepositoryContext], Values]] = {
    ("actions.token", "actions.approve_pull_requests"): lambda context: workflow_token(context).read(),
    ("actions.shared_with",): lambda context: actions_access(context).read(),
    ("environment.branches",): _branches,
    ("oidc.default_subject", "oidc.immutable_subject"): lambda context: oidc_subject(context).read(),
    ("forks.write_tokens", "forks.secrets"): lambda context: fork_workflows(context).read(),
}
REST_ONLY = tuple(key for keys in READS for key in keys)
DAYS = 7  # in which `--rotate` reads all repositories
HOUR = 3600


def requests(keys: Collection[str]) -> int:
    """Return how many requests read some of the keys in `REST_ONLY` of one repository."""
    return sum(bool(set(answered) & set(keys)) for answered in READS)


def is_due(number: int, day: date) -> bool:
    """Return whether `--rotate` reads a repository on a day: each day another seventh, by a hash of the ID."""
    return _seventh(number) == day.toordinal() % DAYS


def in_turn(known: Sequence[Facts], moment: datetime) -> list[Facts]:
    """Return repositories in the order in which to read them: each hour, another seventh is the first.

    GitHub's limits may end a run after some hundred repositories. In one order, no run would get to the last ones.
    """
    first = int(moment.timestamp() // HOUR)
    return sorted(known, key=lambda one: (_seventh(one.member.id) - first) % DAYS)


def _seventh(number: int) -> int:
    """Return which seventh of all repositories one belongs to, by a hash of its ID."""
    return int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:8], "big") % DAYS


def read(context: RepositoryContext, keys: Collection[str]) -> tuple[Values, dict[str, str]]:
    """Return the values of some of the keys in `REST_ONLY`, and for each key that could not be read the reason.

    Args:
        context: The repository.
        keys: What to read.

    Raises:
        RateLimited: GitHub asks for a pause.
        SignInNeeded: The token is not valid.
    """
    values: Values = {}
    failed: dict[str, str] = {}
    for answered, request in READS.items():
        if not set(answered) & set(keys):
            continue
        try:
            found = request(context)
        except (RateLimited, SignInNeeded):
            raise
        except RndError as error:
            failed |= dict.fromkeys((key for key in answered if key in keys), error.message)
        else:
            values |= {key: value for key, value in found.items() if key in keys}
    return values, failed

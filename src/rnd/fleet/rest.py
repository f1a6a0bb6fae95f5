"""The settings that GitHub's GraphQL API does not have, read for one repository: one request for each setting."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rnd.errors import RndError
from rnd.github.errors import RateLimited, SignInNeeded
from rnd.github.settings.endpoints import all_endpoints

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from rnd.fleet.facts import Facts
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import RepositoryContext


REST_ONLY = tuple(key for one in all_endpoints() for key in one.keys)
DAYS = 7  # in which `--rotate` reads all repositories
HOUR = 3600


def requests(keys: Collection[str]) -> int:
    """Return how many requests read some of the keys in `REST_ONLY` of one repository."""
    return sum(bool(set(one.keys) & set(keys)) for one in all_endpoints())


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
    for endpoint in all_endpoints():
        asked = [key for key in endpoint.keys if key in keys]
        if not asked:
            continue
        try:
            found = endpoint.values(context)
        except (RateLimited, SignInNeeded):
            raise
        except RndError as error:
            failed |= dict.fromkeys(asked, error.message)
        else:
            values |= {key: value for key, value in found.items() if key in asked}
    return values, failed

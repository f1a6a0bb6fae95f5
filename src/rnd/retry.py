"""Tries again what may have failed by chance: within bounds, and never in silence. Touches nothing but the clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.errors import RndError

Result = TypeVar("Result")

DELAYS = (1.0, 3.0, 9.0)  # seconds before the second, the third and the last attempt

tell: Callable[[str], None] = lambda _: None  # noqa: E731 - a hook, told why something is tried again


def persist(call: Callable[[], Result], by_chance: type[RndError]) -> Result:
    """Call until it works, at most once more than there are delays, and return the result.

    Args:
        call: What to call; it must do no harm when it is called again.
        by_chance: The error after which another attempt makes sense.

    Raises:
        RndError: Of the last attempt, or any other than `by_chance` at once.
    """
    for attempt, delay in enumerate(DELAYS, 1):
        try:
            return call()
        except by_chance as error:
            tell(f"{error.happened} Trying again in {delay:g} s ({attempt} of {len(DELAYS)}).")
            time.sleep(delay)
    return call()

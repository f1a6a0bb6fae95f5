"""Tries again what may have failed by chance: within bounds, and never in silence. Touches nothing but the clock."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rnd.errors import RndError

Result = TypeVar("Result")

DELAYS: tuple[float, ...] = (1.0, 3.0, 9.0)  # seconds before the second, the third and the last attempt
PATIENCE = 90.0  # seconds; a service that asks for more is left alone, and the error says so

tell: Callable[[str], None] = lambda _: None  # noqa: E731 - a hook, told why something is tried again


def persist(call: Callable[[], Result], by_chance: type[RndError]) -> Result:
    """Call until it works, at most once more than there are delays, and return the result.

    A service that says how long it wants to be left alone gets that time, within `PATIENCE`.

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
            if error.wait > PATIENCE:
                raise
            pause = max(delay, error.wait)
            tell(f"{error.message} Trying again in {pause:g} s ({attempt} of {len(DELAYS)}).")
            time.sleep(pause)
    return call()


@contextmanager
def at_once() -> Iterator[None]:
    """Try nothing again meanwhile: for whoever only wants to know whether something works now."""
    global DELAYS  # noqa: PLW0603 - one setting of the whole program, put back at the end
    kept, DELAYS = DELAYS, ()
    try:
        yield
    finally:
        DELAYS = kept

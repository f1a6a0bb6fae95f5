"""Retries for transient failures: bounded, and each reported to this module's logger. The only effect is waiting."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rnd.errors import RndError

Result = TypeVar("Result")

DELAYS: tuple[float, ...] = (1.0, 3.0, 9.0)  # seconds before the second, third and last attempt
PATIENCE = 90.0  # seconds; if a service asks for a longer wait, the error is raised without another attempt

logger = logging.getLogger(__name__)
_enabled = ContextVar("enabled", default=True)


def retry(
    call: Callable[[], Result], transient: type[RndError], sleep: Callable[[float], object] | None = None
) -> Result:
    """Call a function until it succeeds, with one retry per entry of `DELAYS`, and return its result.

    If a service says how long to wait, the wait is at least that long, up to `PATIENCE`.

    Args:
        call: The function; calling it again must be safe.
        transient: The error to retry after.
        sleep: Waits for some seconds; by default `time.sleep`.

    Raises:
        RndError: The error of the last attempt; any error other than `transient` is raised without a retry.
    """
    for attempt, delay in enumerate(DELAYS if _enabled.get() else (), 1):
        try:
            return call()
        except transient as error:
            if error.wait > PATIENCE:
                raise
            pause = max(delay, error.wait)
            logger.info("%s Trying again in %g s (%d of %d).", error.message, pause, attempt, len(DELAYS))
            (sleep or time.sleep)(pause)
    return call()


@contextmanager
def no_retries() -> Generator[None]:
    """Turn retries off in this thread inside the context, for callers that only check whether something works now."""
    before = _enabled.set(False)
    try:
        yield
    finally:
        _enabled.reset(before)

"""Time that a test moves. Touches only the machine's clock."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol


class Clock(Protocol):
    """Something that has a time and can wait."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when somebody sleeps: hours pass in no time.

    Attributes:
        slept: The seconds of all sleeps together.
    """

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.slept = 0.0
        self._now = float(now)
        self._lock = Lock()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        if seconds < 0:
            raise ValueError("Nobody can sleep for less than no time.")
        with self._lock:
            self._now += seconds
            self.slept += seconds


# The clock of the request that this thread answers.
CURRENT: ContextVar[Clock] = ContextVar("CURRENT", default=SystemClock())  # noqa: B039 - it has no state


def now() -> str:
    """Return the time as GitHub writes it: UTC, in whole seconds. It is that of the request being answered."""
    return datetime.fromtimestamp(CURRENT.get().now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Time that a test moves. Touches only the machine's clock."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from mmap import mmap
from struct import Struct
from threading import Lock
from typing import Protocol

_TIME = Struct("d")


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

    A process that is forked from this one has the same clock, so it can be killed and continued by another one.

    Attributes:
        slept: The seconds of all sleeps together, in this process.
    """

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.slept = 0.0
        self._memory = mmap(-1, _TIME.size)
        self._lock = Lock()
        self._set(now)

    def now(self) -> float:
        """Return the seconds since 1970."""
        found: tuple[float] = _TIME.unpack_from(self._memory)
        return found[0]

    def _set(self, now: float) -> None:
        _TIME.pack_into(self._memory, 0, now)

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        if seconds < 0:
            raise ValueError("Nobody can sleep for less than no time.")
        with self._lock:
            self._set(self.now() + seconds)
            self.slept += seconds


# The clock of the request that this thread answers.
CURRENT: ContextVar[Clock] = ContextVar("CURRENT", default=SystemClock())  # noqa: B039 - it has no state


def now() -> str:
    """Return the time as GitHub writes it: UTC, in whole seconds. It is that of the request being answered."""
    return datetime.fromtimestamp(CURRENT.get().now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

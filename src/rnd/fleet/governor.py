"""Keep within GitHub's limits, and leave a part of the budget to people. Its only side effect is waiting.

See https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api. GitHub allows 900 points a
minute, of which a write costs five, 80 creations a minute and 500 an hour. Its advice for many writes is to send them
singly, a second apart, so as to stay within these limits. Between two creations, the pause is shorter: 67 of them a
minute are a sixth less than the 80. So 1,000 creations take at least 4,049 seconds: the 500th is 449 seconds after the
first, and the last one an hour later.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING

from rnd.fleet.errors import FleetStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rnd.errors import RndError
    from rnd.github.client import Hooks
    from rnd.github.errors import RateLimited
    from rnd.organisation.fleet import Stop

AT_ONCE = 8  # reads at the same time
RESERVE = 0.2  # the part of the hour's budget that is left to people
PAUSE = 1.0  # seconds between the starts of two writes
CREATION_PAUSE = 0.9  # of two creations in a row, where that is shorter
MINUTE, HOUR = 60.0, 3600.0
POINTS = 900  # a minute
READ, WRITE = 1, 5  # points
CREATIONS = ((80, MINUTE), (500, HOUR))
PATIENCE = 90.0  # seconds; a command that would have to wait longer ends instead
READING = ("GET", "HEAD")


class Paused(Exception):
    """GitHub's limits end this run; the rest is for a later one.

    Args:
        until: When the next run can continue, in seconds since 1970.
        reason: The limit.
    """

    def __init__(self, until: float, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason

    @property
    def next_run(self) -> str:
        """When the next run can continue, as in 14:05, in UTC."""
        return datetime.fromtimestamp(-(-self.until // MINUTE) * MINUTE, UTC).strftime("%H:%M")


class Governor:
    """Paces the requests of one process.

    Args:
        clock: Returns the time, in seconds since 1970.
        sleep: Waits for some seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time, sleep: Callable[[float], object] = time.sleep) -> None:
        self.clock = clock
        self.sleep = sleep
        self._lock = RLock()
        self._last_write = float("-inf")
        self._last_created = False
        self._spent: deque[tuple[float, int]] = deque()
        self._created: deque[float] = deque()
        self._budget: tuple[int, int, float] | None = None

    @property
    def hooks(self) -> Hooks:
        """The functions that a client calls with each request and response."""
        return {
            "request": [lambda request: self.pace(request.method, request.url.path)],
            "response": [lambda response: self.heard(response.headers)],
        }

    def remember(self, moments: Iterable[float]) -> None:
        """Count what earlier runs created, so that a new process does not start with a whole hour's budget.

        Args:
            moments: When, in seconds since 1970, rounded down as GitHub does.
        """
        with self._lock:
            since = self.clock() - HOUR
            known = sorted((*self._created, *(one + 1 for one in moments if one + 1 > since)))
            self._created = deque(known)
            last = min(known[-1], self.clock()) if known else self._last_write
            if last > self._last_write:  # the run before may have ended less than a second ago
                self._last_write, self._last_created = last, True

    def pace(self, method: str, path: str) -> None:
        """Wait until a request may be sent, and count it."""
        if path.endswith("/graphql"):  # has points of its own, which `reading.py` watches
            return
        with self._lock:
            writing = method not in READING
            points = WRITE if writing else READ
            creating = method == "POST"
            if writing:
                self._wait_to_write(creating=creating)
            while self._points() + points > POINTS:
                self._wait_until(self._spent[0][0] + MINUTE, MINUTE)
            now = self.clock()
            self._spent.append((now, points))
            if creating:
                self._created.append(now)
            if writing:
                self._last_write, self._last_created = now, creating

    def _wait_to_write(self, *, creating: bool) -> None:
        pause = min(PAUSE, CREATION_PAUSE) if creating and self._last_created else PAUSE
        self._wait_until(self._last_write + pause, pause)
        for limit, span in CREATIONS if creating else ():
            if len(self._created) >= limit:
                self._wait_until(self._created[-limit] + span, span)

    def _points(self) -> int:
        """Return the points of the last minute; what seems to come from the future does not count."""
        now = self.clock()
        while self._spent and not now - MINUTE < self._spent[0][0] <= now:
            self._spent.popleft()
        return sum(points for _, points in self._spent)

    def _wait_until(self, moment: float, most: float) -> None:
        """Wait, but not longer than a right clock would ask for: it may be set back while a run is under way."""
        wait = min(moment - self.clock(), most)
        if wait > 0:
            self.sleep(wait)

    def heard(self, headers: Mapping[str, str]) -> None:
        """Note the budget that an answer reports."""
        limit, left, reset = (headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset"))
        if headers.get("x-ratelimit-resource", "core") == "core" and all(map(str.isdigit, (limit, left, reset))):
            self._budget = int(limit), int(left), float(reset)

    def check(self) -> None:
        """End the run before another repository is changed, if only the reserve is left.

        Raises:
            Paused: The budget of the hour is used up to the reserve, or too much was created in this hour.
        """
        now = self.clock()
        if self._budget is not None:
            limit, left, reset = self._budget
            if left < limit * RESERVE and now < reset:
                raise Paused(reset, f"{left} of {limit} requests of this hour are left, and the rest is for people")
        limit, span = CREATIONS[1]
        if len(self._created) >= limit and self._created[-limit] + span > now + PATIENCE:
            raise Paused(self._created[-limit] + span, f"{limit} creations an hour")

    def pause_for(self, error: RateLimited) -> Paused:
        """Return the end of the run for a pause that GitHub asks for."""
        return Paused(self.clock() + error.wait, error.message)


class Breaker:
    """Stops a command when failures are not about single repositories.

    Args:
        stop: How many failures stop it.
        total: How many repositories there are.
    """

    def __init__(self, stop: Stop, total: int) -> None:
        self._stop = stop
        self._total = total
        self._failures = 0
        self._in_a_row: list[str] = []

    def succeeded(self) -> None:
        """Note a success."""
        self._in_a_row.clear()

    def failed(self, error: RndError) -> None:
        """Note a failure.

        Raises:
            FleetStopped: There are too many.
        """
        kind = f"{error.code} {getattr(error, 'status', '')}"
        self._in_a_row = [*self._in_a_row, kind] if self._in_a_row[-1:] == [kind] else [kind]
        self._failures += 1
        most = self._stop.failures
        if len(self._in_a_row) >= most:
            raise FleetStopped(f"{most} repositories in a row failed in the same way. The last one: {error.message}")
        if self._failures >= most and self._failures * 100 > self._stop.share * self._total:
            raise FleetStopped(f"{self._failures} of {self._total} repositories failed. The last one: {error.message}")

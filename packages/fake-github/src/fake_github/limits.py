"""GitHub's rate limits, counted always and enforced on demand. Touches nothing.

Primary limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-primary-rate-limits
Secondary limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
GraphQL: https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api

GitHub counts "content-generating requests" without listing them. Here they are the operations whose description says
that they trigger notifications and may lead to secondary limits; GitHub may count more.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from fake_github.clock import CURRENT, Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Generator

    from fake_github.state import Document, Token

MINUTE, HOUR = 60.0, 3600.0
WRITE_POINTS = 5  # of a request that changes something, for the limits per minute
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
CONTENT = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)


@dataclass(frozen=True)
class Work:
    """What a request asks for.

    Attributes:
        resource: "core" for the REST API, or "graphql".
        points: What it takes from the hourly limit of its resource.
        writes: Whether it changes something.
        content: Whether it creates content that people are notified of.
        seconds: CPU time, as the limits estimate it.
    """

    resource: str
    points: int = 1
    writes: bool = False
    content: bool = False
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """Its name among the counted requests."""
        if self.resource == "graphql":
            return "mutation" if self.writes else "query"
        return "content" if self.content else "write" if self.writes else "read"


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused.

    Attributes:
        reason: For counting: "primary", "points", "content", "concurrent" or "cpu".
        message: In GitHub's words.
        wait: Seconds until it is worth asking again.
    """

    reason: str
    message: str
    wait: int

    @property
    def primary(self) -> bool:
        """Whether the hour's limit is used up."""
        return self.reason == "primary"


@dataclass
class _Window:
    """Amounts in the last seconds, as they came."""

    seconds: float
    most: float
    entries: deque[tuple[float, float]] = field(default_factory=deque)
    total: float = 0.0

    def wait(self, now: float, amount: float) -> float:
        """Return how long to wait until an amount fits; 0 if it does now."""
        while self.entries and self.entries[0][0] <= now - self.seconds:
            self.total -= self.entries.popleft()[1]
        free = self.most - self.total
        for when, one in self.entries:
            if amount <= free:
                return 0.0
            free += one
            if amount <= free:
                return when + self.seconds - now
        return 0.0

    def add(self, now: float, amount: float) -> None:
        self.entries.append((now, amount))
        self.total += amount


@dataclass
class _Hour:
    """An hour of a primary limit: it starts with its first request, and ends as a whole."""

    used: int = 0
    ends: float = 0.0


@dataclass
class Limits:
    """The limits, and what was counted.

    Attributes:
        clock: The time, which the answers' times follow too.
        enforced: Whether requests above a limit are refused. They are counted in any case.
        user: Requests, and points of GraphQL, that a user has in an hour.
        app: The same for an installation of an app: up to 12,500, depending on its organisation.
        workflow: The same for a run's GITHUB_TOKEN, in each repository.
        anonymous: Requests in an hour without a token.
        status: Of REST responses that are refused: 403 or 429.
        seconds_per_node: CPU time of GraphQL for each node that a query may return; GitHub does not publish it.
        requests: How many requests were let through, by kind: read, write, content, query, mutation.
        points: What they took from the hourly limits, by resource: core, graphql.
        refusals: How many were refused, by reason.
        hasty: Writes less than a second after the one before; GitHub recommends to wait.
        most_at_once: The most requests that were under way at the same time.
    """

    clock: Clock = field(default_factory=SystemClock)
    enforced: bool = False
    user: int = 5000
    app: int = 5000
    workflow: int = 1000
    anonymous: int = 60
    rest_points_per_minute: int = 900
    graphql_points_per_minute: int = 2000
    content_per_minute: int = 80
    content_per_hour: int = 500
    concurrent: int = 100
    cpu_seconds_per_minute: float = 60.0
    seconds_between_writes: float = 1.0
    status: int = 403
    seconds_per_node: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    hasty: int = 0
    under_way: int = 0
    most_at_once: int = 0
    _hours: dict[tuple[str, str], _Hour] = field(default_factory=dict)
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _last_write: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count a request as under way, and let it have the time of these limits."""
        with self._lock:
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        previous = CURRENT.set(self.clock)
        try:
            yield
        finally:
            CURRENT.reset(previous)
            with self._lock:
                self.under_way -= 1

    def admit(self, token: Token | None, work: Work) -> Refusal | None:
        """Count a request, or return why it is refused."""
        now, who = self.clock.now(), _caller(token)
        refusal = self._refusal(token, who, work, now) if self.enforced else None
        if refusal is not None:
            self.refusals[refusal.reason] += 1
            return refusal
        self.requests[work.kind] += 1
        self.points[work.resource] += work.points
        self._hour(who, work.resource, now).used += work.points
        for name, amount in _amounts(work).items():
            self._window(who, name).add(now, amount)
        if work.writes:
            last = self._last_write.get(who, -HOUR)
            self.hasty += now - last < self.seconds_between_writes
            self._last_write[who] = now
        return None

    def _refusal(self, token: Token | None, who: str, work: Work, now: float) -> Refusal | None:
        if self.under_way > self.concurrent:
            return Refusal("concurrent", SECONDARY, int(MINUTE))
        hour = self._hour(who, work.resource, now)
        if hour.used + work.points > self.hourly(token):
            subject = "" if token is None else f" for user ID {token.account.id}"
            return Refusal("primary", f"API rate limit exceeded{subject}.", math.ceil(hour.ends - now))
        for name, amount in _amounts(work).items():
            wait = self._window(who, name).wait(now, amount)
            if wait > 0:
                reason = name.partition(" ")[0]
                return Refusal(reason, CONTENT if reason == "content" else SECONDARY, math.ceil(wait))
        return None

    def _hour(self, who: str, resource: str, now: float) -> _Hour:
        found = self._hours.get((who, resource))
        if found is None or found.ends <= now:
            found = self._hours[who, resource] = _Hour(ends=now + HOUR)
        return found

    def _window(self, who: str, name: str) -> _Window:
        if (who, name) not in self._windows:
            seconds, most = {
                "points core": (MINUTE, self.rest_points_per_minute),
                "points graphql": (MINUTE, self.graphql_points_per_minute),
                "content minute": (MINUTE, self.content_per_minute),
                "content hour": (HOUR, self.content_per_hour),
                "cpu": (MINUTE, self.cpu_seconds_per_minute),
            }[name]
            self._windows[who, name] = _Window(seconds, most)
        return self._windows[who, name]

    def hourly(self, token: Token | None) -> int:
        """Return the primary limit of a caller."""
        if token is None:
            return self.anonymous
        return {"installation": self.app, "workflow": self.workflow}.get(token.kind, self.user)

    def state(self, token: Token | None, resource: str) -> Document:
        """Return the state of a caller's primary limit, as `GET /rate_limit` has it."""
        hour, limit = self._hour(_caller(token), resource, self.clock.now()), self.hourly(token)
        left = max(0 if self.enforced else 1, limit - hour.used)
        return {"limit": limit, "used": hour.used, "remaining": left, "reset": math.ceil(hour.ends)}

    def headers(self, token: Token | None, resource: str, refusal: Refusal | None = None) -> dict[str, str]:
        """Return the headers of a response that state the limit, and how long to wait after a secondary refusal."""
        state = self.state(token, resource)
        if refusal is not None and refusal.primary:
            state["remaining"] = 0
        named = {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in state.items()}
        wait = {} if refusal is None or refusal.primary else {"Retry-After": str(refusal.wait)}
        return {**named, "X-RateLimit-Resource": resource, **wait}


def _caller(token: Token | None) -> str:
    """Return whose limit a token counts against: all tokens of a user share one, and all of an app's installation."""
    if token is None:
        return ""
    return f"{token.kind} {token.repository}" if token.kind == "workflow" else f"account {token.account.id}"


def _amounts(work: Work) -> dict[str, float]:
    """Return what a request takes from each secondary limit."""
    found: dict[str, float] = {f"points {work.resource}": WRITE_POINTS if work.writes else 1}
    if work.content:
        found |= {"content minute": 1, "content hour": 1}
    if work.seconds:
        found["cpu"] = work.seconds
    return found

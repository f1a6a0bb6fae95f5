"""Read many repositories with few queries: in batches, several at a time, each batch halved where it is too heavy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rnd.fleet.errors import ClockWrong
from rnd.fleet.governor import AT_ONCE, HOUR, RESERVE, Paused
from rnd.github.errors import GitHubUnavailable, QueryTooHeavy, RateLimited
from rnd.github.graphql import Answer, ask
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from rnd.fleet.governor import Governor
    from rnd.github.client import Client

    Item = TypeVar("Item")
    Result = TypeVar("Result")

PAGE = 100  # GitHub's maximum
TOLERANCE = 300.0  # seconds between an answer and the check of the clock


class Reader:
    """Sends the queries of the fleet.

    Attributes:
        client: The GitHub client.
        governor: Keeps within GitHub's limits.
        queries: How many queries were sent.
        points: What GitHub charged for them.
        paused: Why not everything was read, if GitHub's limits ended that.
        unlisted: Repositories that GitHub did not show in its list, with the reasons.
    """

    def __init__(self, client: Client, governor: Governor) -> None:
        self.client = client
        self.governor = governor
        self.queries = 0
        self.points = 0
        self.paused: Paused | None = None
        self.unlisted: list[str] = []
        self._budget: tuple[int, int, float] | None = None

    def ask(self, query: str, variables: Mapping[str, object]) -> Answer:
        """Send a query, and send it again after a transient error.

        Raises:
            Paused: GitHub's limits end this run.
            QueryTooHeavy: A smaller query may succeed.
            RndError: As `rnd.github.graphql.ask`.
        """
        self._check()
        try:
            answer = retry(lambda: self._send(query, variables), GitHubUnavailable, self.governor.sleep)
        except RateLimited as error:
            raise self.governor.pause_for(error) from error
        budget = answer.data.get("rateLimit") or {}
        self.points += budget.get("cost", 0)
        if {"limit", "remaining", "resetAt"} <= budget.keys():
            reset = datetime.fromisoformat(budget["resetAt"]).timestamp()
            self._budget = budget["limit"], budget["remaining"], reset
        return answer

    def _send(self, query: str, variables: Mapping[str, object]) -> Answer:
        self.queries += 1
        return ask(self.client, query, variables)

    def _check(self) -> None:
        """End the run when only the reserve of GraphQL's points is left."""
        if self._budget is None:
            return
        limit, left, reset = self._budget
        if left < limit * RESERVE and self.governor.clock() < reset:
            raise Paused(reset, f"{left} of {limit} points of this hour are left, and the rest is for people")

    def check_clock(self) -> None:
        """Refuse to continue with a clock that is wrong by more than an hour.

        A budget lasts for an hour, so GitHub resets it within the next one:
        https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api

        Raises:
            ClockWrong: This machine and GitHub do not agree on the time.
        """
        now = self.governor.clock()
        if self._budget is not None and not now - TOLERANCE <= self._budget[2] <= now + HOUR + TOLERANCE:
            here, there = (
                datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%d %H:%M") for one in (now, self._budget[2])
            )
            raise ClockWrong(f"On this machine it is {here} UTC, and GitHub's present hour ends at {there} UTC.")

    def ask_patiently(self, query: str, variables: Mapping[str, object]) -> Answer:
        """Send a query that cannot be made smaller: where GitHub stops it, send it again later."""
        return retry(lambda: self.ask(query, variables), QueryTooHeavy, self.governor.sleep)

    def in_batches(
        self, items: Sequence[Item], size: int, read: Callable[[Sequence[Item]], Mapping[Any, Result]]
    ) -> dict[Any, Result]:
        """Read items in batches, several at a time, and return the results of all.

        Args:
            items: What to read.
            size: How many at a time.
            read: Reads a batch. When it raises `QueryTooHeavy` for more than one item, it gets each half.
        """
        batches = [items[start : start + size] for start in range(0, len(items), size)]
        found: dict[Any, Result] = {}
        for part in self.in_parallel(batches, lambda batch: self._halving(batch, read)):
            found.update(part)
        return found

    def _halving(
        self, batch: Sequence[Item], read: Callable[[Sequence[Item]], Mapping[Any, Result]]
    ) -> Mapping[Any, Result]:
        try:
            return read(batch)
        except QueryTooHeavy:
            if len(batch) == 1:
                return retry(lambda: read(batch), QueryTooHeavy, self.governor.sleep)
        middle = len(batch) // 2
        return {**self._halving(batch[:middle], read), **self._halving(batch[middle:], read)}

    def in_parallel(self, items: Iterable[Item], call: Callable[[Item], Result]) -> list[Result]:
        """Call a function for each item, a few at the same time, and return the results in order.

        The first error ends the run: what was not started yet is not started.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # githubkit keeps its connections in a context variable, so each call gets a copy of the context.
            futures = [pool.submit(copy_context().run, call, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def mutate(client: Client, governor: Governor, mutation: str, variables: Mapping[str, object]) -> Answer:
    """Send a change that can be sent twice, and send it again after a transient error; 502 and 504 are such errors.

    Raises:
        RndError: As `rnd.github.graphql.ask`.
    """

    def patiently() -> Answer:
        return retry(lambda: ask(client, mutation, variables), GitHubUnavailable, governor.sleep)

    return retry(patiently, QueryTooHeavy, governor.sleep)

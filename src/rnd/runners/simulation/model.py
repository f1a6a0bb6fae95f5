"""Event-driven simulation of jobs on one class of machines. Pure.

The model is that of the runner stack: a machine runs one job at a time; jobs start in the order in which they were
queued; for each waiting job one machine is launched, up to the maximum; a machine that has been idle for long enough is
terminated, unless the policy requires it.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rnd.runners.simulation.load import Job
    from rnd.runners.simulation.policy import Policy


@dataclass(frozen=True)
class Run:
    """The result of a simulation.

    Attributes:
        starts: Time of each job's first step, in seconds since 1970, in the order of the jobs.
        machine_seconds: Paid time: total time that machines were up, including boot.
        busy_seconds: Part of it in which machines ran jobs, including pickup.
        span: Seconds from the start to the end, or to the last job's end if that was later.
        peak: Maximum number of machines at the same time.
    """

    starts: Sequence[float]
    machine_seconds: float
    busy_seconds: float
    span: float
    peak: int


def simulate(jobs: Iterable[Job], policy: Policy, begin: float, end: float) -> Run:
    """Run jobs on a pool that starts with the minimum number of machines, up and idle.

    Args:
        jobs: The jobs in the order in which they were queued, from `begin` on.
        policy: The number of machines over time.
        begin: Start of the period, in seconds since 1970.
        end: End of the period, in seconds since 1970. Jobs that are not done by then run to completion.
    """
    pool = _Pool(policy, begin, end)
    for job in jobs:
        pool.advance(job.created)
        pool.enqueue(job)
    pool.finish()
    return Run(pool.starts, pool.machine_seconds, pool.busy_seconds, pool.now - begin, pool.peak)


class _Pool:
    """The state of the machines of one class at one point in time."""

    def __init__(self, policy: Policy, begin: float, end: float) -> None:
        self.timing = policy.timing
        self.maximum = policy.maximum
        self.floors = deque(policy.floors(begin, end))
        _, self.floor = self.floors.popleft()
        self.now, self.end = begin, end
        self.size = self.peak = self.floor
        self.idle = deque(
            [begin] * self.floor
        )  # since when; last in, first out, so that the longest idle machine can stop
        self.booting: deque[float] = deque()  # until when
        self.busy: list[float] = []  # until when; a heap
        self.queue: deque[Job] = deque()
        self.starts: list[float] = []
        self.machine_seconds = self.busy_seconds = 0.0
        self.step = begin  # from when on more machines can be launched

    def advance(self, until: float) -> None:
        """Process all events up to and including a point in time."""
        while True:
            finished = self.busy[0] if self.busy else math.inf
            booted = self.booting[0] if self.booting else math.inf
            changed = self.floors[0][0] if self.floors else math.inf
            expired = self.idle[0] + self.timing.idle if self.idle and self.size > self.floor else math.inf
            grown = self.step if self.step > self.now and self._wants_more() else math.inf
            moment = min(finished, booted, changed, expired, grown)
            if moment > until:
                break
            self._pass_time(max(moment, self.now))  # a machine that expired while it was required stops now
            if moment == changed:
                self._change_floor()
            elif moment == finished:
                heapq.heappop(self.busy)
                self._assign_next()
            elif moment == booted:
                self.booting.popleft()
                self._assign_next()
            elif moment == grown:
                self._grow()
            else:
                self.idle.popleft()
                self.size -= 1
        self._pass_time(until)

    def enqueue(self, job: Job) -> None:
        """Queue a job now; it starts immediately if a machine is idle."""
        self.queue.append(job)
        if self.idle:
            self.idle.pop()
            self._start()
        elif self._wants_more() and self.now >= self.step:
            self._grow()

    def finish(self) -> None:
        """Run the remaining jobs to completion, and advance to the end of the period."""
        while self.queue or self.busy:
            pending = [self.step] if self.step > self.now and self._wants_more() else []
            self.advance(min(self.busy[:1] + list(self.booting)[:1] + pending))
        self.advance(max(self.now, self.end))

    def _pass_time(self, until: float) -> None:
        self.machine_seconds += self.size * (until - self.now)
        self.now = until

    def _assign_next(self) -> None:
        """Assign the job that has waited longest to a machine that became free."""
        if self.queue:
            self._start()
        else:
            self.idle.append(self.now)

    def _start(self) -> None:
        job = self.queue.popleft()
        start = self.now + self.timing.pickup
        self.starts.append(start)
        self.busy_seconds += self.timing.pickup + job.seconds
        heapq.heappush(self.busy, start + job.seconds)

    def _wants_more(self) -> bool:
        return len(self.queue) > len(self.booting) and self.size < self.maximum

    def _grow(self) -> None:
        wanted = max(len(self.queue) - len(self.booting), 0 if self.size else self.timing.from_zero)
        for _ in range(min(wanted, self.maximum - self.size)):
            self._launch()
        self.step = self.now + self.timing.warm_up

    def _launch(self) -> None:
        self.size += 1
        self.peak = max(self.peak, self.size)
        self.booting.append(self.now + self.timing.boot)

    def _change_floor(self) -> None:
        _, self.floor = self.floors.popleft()
        while self.size < self.floor:
            self._launch()

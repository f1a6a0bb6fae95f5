"""What becomes of jobs on a fleet: an event-driven simulation of one class of machines. Touches nothing.

The fleet is that of `stack`: machines run one job after another; jobs start in the order in which they were queued;
where jobs wait and machines may still come, one is launched for each; a machine that was superfluous for long enough
goes, unless the policy wants it.
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
    """What became of the jobs.

    Attributes:
        starts: When each job's first step ran, in seconds since 1970, in the order of the jobs.
        machine_seconds: Time that machines were up, booting included: what is paid for.
        busy_seconds: Time of it in which they ran jobs, fetching them included.
        span: Seconds from the begin to the end, or to the last job's end if that was later.
        peak: Most machines at once.
    """

    starts: Sequence[float]
    machine_seconds: float
    busy_seconds: float
    span: float
    peak: int


def simulate(jobs: Iterable[Job], policy: Policy, begin: float, end: float) -> Run:
    """Run jobs on a fleet that at first has just the machines that the policy wants then, up and idle.

    Args:
        jobs: In the order in which they were queued, from `begin` on.
        policy: How many machines there are.
        begin: Seconds since 1970.
        end: Likewise. Jobs that are not done by then are run to their end.
    """
    fleet = _Fleet(policy, begin, end)
    for job in jobs:
        fleet.advance(job.created)
        fleet.enqueue(job)
    fleet.finish()
    return Run(fleet.starts, fleet.machine_seconds, fleet.busy_seconds, fleet.now - begin, fleet.peak)


class _Fleet:
    """The machines of one class at one moment."""

    def __init__(self, policy: Policy, begin: float, end: float) -> None:
        self.timing = policy.timing
        self.maximum = policy.maximum
        self.floors = deque(policy.floors(begin, end))
        _, self.floor = self.floors.popleft()
        self.now, self.end = begin, end
        self.size = self.peak = self.floor
        self.idle = deque([begin] * self.floor)  # since when; the last one takes the next job, so that the first may go
        self.booting: deque[float] = deque()  # until when
        self.busy: list[float] = []  # until when; a heap
        self.queue: deque[Job] = deque()
        self.starts: list[float] = []
        self.machine_seconds = self.busy_seconds = 0.0

    def advance(self, until: float) -> None:
        """Let everything happen that happens up to a moment, that moment included."""
        while True:
            finished = self.busy[0] if self.busy else math.inf
            booted = self.booting[0] if self.booting else math.inf
            changed = self.floors[0][0] if self.floors else math.inf
            expired = self.idle[0] + self.timing.idle if self.idle and self.size > self.floor else math.inf
            moment = min(finished, booted, changed, expired)
            if moment > until:
                break
            self._pass_time(max(moment, self.now))  # what expired while the policy wanted it goes now
            if moment == changed:
                self._change_floor()
            elif moment == finished:
                heapq.heappop(self.busy)
                self._take_in()
            elif moment == booted:
                self.booting.popleft()
                self._take_in()
            else:
                self.idle.popleft()
                self.size -= 1
        self._pass_time(until)

    def enqueue(self, job: Job) -> None:
        """Queue a job now; it starts at once where a machine is idle."""
        self.queue.append(job)
        if self.idle:
            self.idle.pop()
            self._start()
        elif len(self.queue) > len(self.booting) and self.size < self.maximum:
            self._launch()

    def finish(self) -> None:
        """Run what is left to its end, and the time to its own."""
        while self.queue or self.busy:
            self.advance(min(self.busy[:1] + list(self.booting)[:1]))
        self.advance(max(self.now, self.end))

    def _pass_time(self, until: float) -> None:
        self.machine_seconds += self.size * (until - self.now)
        self.now = until

    def _take_in(self) -> None:
        """Give a machine that has become free the job that waits longest."""
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

    def _launch(self) -> None:
        self.size += 1
        self.peak = max(self.peak, self.size)
        self.booting.append(self.now + self.timing.boot)

    def _change_floor(self) -> None:
        _, self.floor = self.floors.popleft()
        while self.size < self.floor:
            self._launch()

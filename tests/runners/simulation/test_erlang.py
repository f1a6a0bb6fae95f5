"""Where theory has an answer, the simulation gives it.

Poisson arrivals, exponential durations and a fixed number of machines are M/M/c, whose waits A. K. Erlang found in
1917; any textbook on queues has the formulas used here.
"""

from __future__ import annotations

import math

import pytest

from rnd.runners.simulation.load import DAY, Load, describe_jobs
from rnd.runners.simulation.metrics import measure
from rnd.runners.simulation.model import simulate
from tests.helpers.policies import policy

MINUTES = 8.0
JOBS = 1_000_000
# So much of a week is outside Mon-Fri 8:00-20:00: with this share, jobs come at one rate day and night.
OUTSIDE = 1 - 5 * 12 / (7 * 24)


def erlang_c(machines: int, offered: float) -> float:
    """Return the probability that a job has to wait, by way of Erlang B."""
    blocked = 1.0
    for count in range(1, machines + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - offered / machines * (1 - blocked))


def test_the_formula_itself() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5), "with one machine it is how busy that is"
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)


@pytest.mark.slow
@pytest.mark.parametrize(("machines", "busy"), [(1, 0.5), (3, 0.7), (6, 0.8)])
def test_waits_are_those_of_erlang_c(machines: int, busy: float) -> None:
    offered = machines * busy
    load = Load(offered * 1440 / MINUTES, MINUTES, "exponential", burst=1, outside=OUTSIDE)
    fixed = policy(machines)
    # Whole weeks, so that the share is exact.
    end = math.ceil(JOBS / load.jobs_per_day / 7) * 7 * DAY
    jobs = list(describe_jobs(load, fixed.hours, fixed.timezone, 0, end, "1"))
    run = simulate(jobs, fixed, 0, end)
    found = measure(jobs, run, machine_hour=1)
    waiting = sum(start > job.created for job, start in zip(jobs, run.starts, strict=True)) / len(jobs)
    chance = erlang_c(machines, offered)
    assert waiting == pytest.approx(chance, rel=0.02)
    assert found.waits.mean == pytest.approx(chance * MINUTES * 60 / (machines - offered), rel=0.02)
    assert found.idle_share == pytest.approx(1 - busy, rel=0.02)

"""Policies and jobs that the tests of the simulation share."""

from __future__ import annotations

from rnd.organisation import BusinessHours
from rnd.runners.simulation.load import Job
from rnd.runners.simulation.policy import Policy, Timing

OFFICE = BusinessHours(days="Mon-Fri", start="08:00", end="20:00")
AT_ONCE = Timing(boot=0, idle=0, pickup=0)


def policy(always_on: int, extra: int = 0, maximum: int | None = None, timing: Timing = AT_ONCE) -> Policy:
    """Return a policy; without a maximum, one that never grows."""
    return Policy(always_on, extra, maximum or max(always_on + extra, 1), OFFICE, "UTC", timing)


def jobs(*pairs: tuple[float, float]) -> list[Job]:
    """Return jobs from pairs of when, how long."""
    return [Job(*pair) for pair in pairs]

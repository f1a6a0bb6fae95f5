"""A policy: the number of machines of a class over time. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from rnd.runners.simulation.hours import segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import BusinessHours, Prices, RunnerClass

HOURS_A_MONTH = 730  # as in AWS's price list: a twelfth of a year of 365 days


@dataclass(frozen=True)
class Timing:
    """How fast machines start and stop. AWS determines this, not the organisation.

    Attributes:
        boot: Seconds from the decision to scale out until a machine takes jobs. The capacity provider checks its queue
            once a minute; then the instance starts, joins the cluster and pulls the runner image.
        idle: Seconds that a machine is idle before it is terminated. Target tracking, with which the capacity provider
            scales, waits for 15 minutes.
        from_zero: Machines that are launched together where there is none; ECS launches two.
        warm_up: Seconds after a launch until the next; ECS waits for the warm-up period of the capacity provider.
        pickup: Seconds from a free machine to the first step of a job: webhook, token, container, registration.
    """

    boot: float = 240.0
    idle: float = 900.0
    pickup: float = 40.0
    from_zero: int = 1
    warm_up: float = 0.0


@dataclass(frozen=True)
class Policy:
    """The number of machines of a class.

    Attributes:
        always_on: Machines that are always up.
        extra: Additional machines in business hours.
        maximum: Maximum number of machines under load.
        hours: The business hours.
        timezone: The time zone of the business hours.
        timing: How fast machines start and stop.
    """

    always_on: int
    extra: int
    maximum: int
    hours: BusinessHours
    timezone: str
    timing: Timing = Timing()

    def floors(self, begin: float, end: float) -> Iterator[tuple[float, int]]:
        """Yield each time at which the minimum changes, with the new minimum; the first time is `begin`."""
        for start, _, is_open in segments(self.hours, self.timezone, begin, end):
            yield start, self.always_on + self.extra * is_open

    def __str__(self) -> str:
        return f"{self.always_on} + {self.extra}, at most {self.maximum}"


def policies_around(policy: Policy) -> list[Policy]:
    """Return a policy and similar ones, without duplicates: they vary always-on, extra and maximum."""
    found = {policy}
    for always_on, extra in product(_near(policy.always_on), _near(policy.extra)):
        found.add(replace(policy, always_on=always_on, extra=extra))
    for maximum in (policy.maximum - 2, policy.maximum - 1, policy.maximum + 2, policy.maximum + 4):
        found.add(replace(policy, maximum=maximum))
    possible = [one for one in found if 1 <= one.maximum >= one.always_on + one.extra]
    return sorted(possible, key=lambda one: (one.always_on, one.extra, one.maximum))


def _near(number: int) -> range:
    return range(max(number - 1, 0), number + 3)


def machine_hour(wanted: RunnerClass, prices: Prices) -> float:
    """Return the price of one machine of a class per hour, including its disk.

    The auto-scaling group launches the cheapest instance type (see `stack/runner_pool.py`).
    """
    instance = min(prices.instance_hour[name] for name in wanted.instances)
    return instance + wanted.disk_gb * prices.disk_gb_month / HOURS_A_MONTH

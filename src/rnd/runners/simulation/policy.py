"""A policy: how many machines a class has, and when. Touches nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from rnd.runners.simulation.hours import segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import BusinessHours, Prices, RunnerClass

HOURS_A_MONTH = 730  # AWS's own: a twelfth of a year of 365 days


@dataclass(frozen=True)
class Timing:
    """How fast machines come and go, which is AWS's doing and not the organisation's.

    Attributes:
        boot: Seconds from the decision to grow until a machine takes jobs. The capacity provider looks at its queue
            once a minute; then the instance starts, joins the cluster and pulls the runner's image.
        idle: Seconds that a machine must have been superfluous before it goes. Target tracking, which the capacity
            provider scales by, waits for 15 minutes of it.
        pickup: Seconds from a free machine to the first step of a job: webhook, token, container, registration.
    """

    boot: float = 240.0
    idle: float = 900.0
    pickup: float = 40.0


@dataclass(frozen=True)
class Policy:
    """How many machines a class has.

    Attributes:
        always_on: Machines that are always up.
        extra: Machines more in business hours.
        maximum: Machines under load.
        hours: The business hours.
        timezone: Where they are local time.
        timing: How fast machines come and go.
    """

    always_on: int
    extra: int
    maximum: int
    hours: BusinessHours
    timezone: str
    timing: Timing = Timing()

    def floors(self, begin: float, end: float) -> Iterator[tuple[float, int]]:
        """Yield each moment at which the least number of machines changes, with that number; the first is `begin`."""
        for start, _, is_open in segments(self.hours, self.timezone, begin, end):
            yield start, self.always_on + self.extra * is_open

    def __str__(self) -> str:
        return f"{self.always_on} + {self.extra}, at most {self.maximum}"


def policies_around(policy: Policy) -> list[Policy]:
    """Return a policy and those that differ from it a little, each once: machines always on, extra, and at most."""
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
    """Return the price of one machine of a class for one hour, its disk included.

    The group launches the instance type that costs least (see `stack`), so that is the price.
    """
    instance = min(prices.instance_hour[name] for name in wanted.instances)
    return instance + wanted.disk_gb * prices.disk_gb_month / HOURS_A_MONTH

"""Generate random jobs from a description of the load. Pure; the same seed gives the same jobs."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from rnd.runners.errors import LoadImpossible
from rnd.runners.simulation.hours import segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rnd.organisation import BusinessHours

DAY = 86_400
Shape = Literal["lognormal", "exponential", "constant"]


class Job(NamedTuple):
    """A job: the time at which it is queued, in seconds since 1970, and its duration in seconds."""

    created: float
    seconds: float


@dataclass(frozen=True)
class Load:
    """A description of jobs.

    Attributes:
        jobs_per_day: Average over all days of the week.
        minutes: Mean duration of a job.
        shape: Distribution of the durations.
        spread: Coefficient of variation (standard deviation divided by mean) of a lognormal distribution.
        burst: Average number of jobs that are queued together, as a push does; geometrically distributed.
        outside: Share of the jobs that are queued outside business hours.
    """

    jobs_per_day: float = 200.0
    minutes: float = 8.0
    shape: Shape = "lognormal"
    spread: float = 1.5
    burst: float = 3.0
    outside: float = 0.1

    def __post_init__(self) -> None:
        """Validate the description.

        Raises:
            LoadImpossible: A number is out of range, or the distribution is unknown.
        """
        rules = {
            "jobs-per-day must be above 0": 0 < self.jobs_per_day < math.inf,
            "job-minutes must be above 0": 0 < self.minutes < math.inf,
            f"durations must be one of {', '.join(get_args(Shape))}": self.shape in get_args(Shape),
            "spread must be above 0": 0 < self.spread < math.inf,
            "spread must be at most 1000": not 1000 < self.spread < math.inf,
            "burst must be at least 1": 1 <= self.burst < math.inf,
            "burst must be at most 10000": not 10_000 < self.burst < math.inf,
            "outside must be a share, from 0 to 1": 0 <= self.outside <= 1,
        }
        broken = [rule for rule, kept in rules.items() if not kept]
        if broken:
            raise LoadImpossible(f"Invalid load: {'; '.join(broken)}.")


def describe_jobs(
    load: Load, hours: BusinessHours, timezone: str, begin: float, end: float, seed: str
) -> Iterator[Job]:
    """Yield random jobs, in the order in which they are queued.

    Bursts are a Poisson process with one rate in business hours and another outside them.

    Args:
        load: The description.
        hours: The business hours.
        timezone: The time zone of the business hours.
        begin: Start of the period, in seconds since 1970.
        end: End of the period, in seconds since 1970.
        seed: Any text.
    """
    chance = random.Random(seed)  # noqa: S311 - not for cryptography
    draw = _durations(load, chance)
    pieces = list(segments(hours, timezone, begin, end))
    bursts = load.jobs_per_day * (end - begin) / DAY / load.burst
    inside = sum(stop - start for start, stop, is_open in pieces if is_open)
    # If the period is entirely inside or entirely outside business hours, all jobs are there.
    outside = load.outside if 0 < inside < end - begin else float(inside == 0)
    rates = {
        True: bursts * (1 - outside) / inside if inside else 0.0,
        False: bursts * outside / (end - begin - inside) if outside else 0.0,
    }
    for start, stop, is_open in pieces:
        rate = rates[is_open]
        moment = start + chance.expovariate(rate) if rate else stop
        while moment < stop:
            for _ in range(_geometric(load.burst, chance)):
                yield Job(moment, draw())
            moment += chance.expovariate(rate)


def _durations(load: Load, chance: random.Random) -> Callable[[], float]:
    """Return a function that draws a duration in seconds."""
    mean = load.minutes * 60
    if load.shape == "constant":
        return lambda: mean
    if load.shape == "exponential":
        return lambda: chance.expovariate(1 / mean)
    variance = math.log1p(load.spread**2)  # of the logarithm
    return lambda: chance.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


def _geometric(mean: float, chance: random.Random) -> int:
    """Draw from the geometric distribution on 1, 2, … with a given mean."""
    if mean == 1:
        return 1
    return 1 + int(math.log(1 - chance.random()) / math.log(1 - 1 / mean))

"""What it costs to open many pull requests together: machine-hours, money and the shortest time. Pure.

The jobs of a pull request are queued together on the first class of machines, which the workflows of a repository use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rnd.runners.simulation.load import Job
from rnd.runners.simulation.model import simulate
from rnd.runners.simulation.policy import Policy, machine_hour

if TYPE_CHECKING:
    from rnd.organisation import Organisation

JOBS = 12  # of the pipeline of a pull request, and of the release after it is merged
SECONDS = 90.0  # of each, as measured in the pipeline of a new repository
BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC).timestamp()  # a Monday, so that the result does not depend on the date


@dataclass(frozen=True)
class Burst:
    """What pull requests cost.

    Attributes:
        machine_hours: The time for which machines are paid beyond those that are always up.
        cost: What they cost, in the currency of the prices.
        seconds: The shortest time until the last job has ended.
    """

    machine_hours: float
    cost: float
    seconds: float


def burst(organisation: Organisation, pulls: int) -> Burst:
    """Return what the checks of pull requests cost that are all opened now."""
    runners = organisation.runners
    first = next(iter(runners.classes.values()))
    policy = Policy(
        first.always_on, first.business_hours_extra, first.maximum, runners.business_hours, runners.timezone
    )
    jobs = [Job(BEGIN, SECONDS)] * (JOBS * pulls)
    end = BEGIN + max(SECONDS, SECONDS * len(jobs) / policy.maximum)
    run = simulate(jobs, policy, BEGIN, end)
    last = max((start + job.seconds for start, job in zip(run.starts, jobs, strict=True)), default=BEGIN)
    idle = simulate([], policy, BEGIN, BEGIN + run.span).machine_seconds
    hours = max(0.0, run.machine_seconds - idle) / 3600
    return Burst(hours, hours * machine_hour(first, runners.prices), last - BEGIN)


def cost_text(organisation: Organisation, pulls: int) -> str:
    """Return what the checks of pull requests cost, in one line."""
    found = burst(organisation, pulls)
    hours = found.seconds / 3600
    time = f"{hours:.1f} h" if hours >= 2 else f"{found.seconds / 60:.0f} min"
    currency = organisation.runners.prices.currency
    return (
        f"{pulls:,} pull request{'' if pulls == 1 else 's'}, {pulls * JOBS:,} jobs: "
        f"{found.machine_hours:,.1f} machine-hours, {found.cost:,.2f} {currency}, at least {time}."
    )

"""An experiment: one class of machines with a policy and jobs, and the metrics of their simulation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.runners.simulation.metrics import Metrics, Waits, measure, measure_waits
from rnd.runners.simulation.model import simulate
from rnd.runners.simulation.policy import Policy, policies_around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.runners.simulation.load import Job


@dataclass(frozen=True)
class Experiment:
    """One class of machines with a policy and jobs.

    Attributes:
        name: The name of the class.
        policy: The number of machines over time.
        jobs: The jobs, at least one, in the order in which they were queued.
        begin: Start of the simulated period, in seconds since 1970.
        end: End of the simulated period, in seconds since 1970.
        machine_hour: The price of one machine per hour.
        reported: The actual waits in seconds, if known.
    """

    name: str
    policy: Policy
    jobs: Sequence[Job]
    begin: float
    end: float
    machine_hour: float
    reported: Sequence[float] = ()

    def metrics(self, policy: Policy | None = None) -> Metrics:
        """Return the metrics of the experiment's policy, or those of another policy for the same jobs."""
        run = simulate(self.jobs, policy or self.policy, self.begin, self.end)
        return measure(self.jobs, run, self.machine_hour)

    def around(self) -> dict[Policy, Metrics]:
        """Return the metrics of the experiment's policy and of similar policies."""
        return {policy: self.metrics(policy) for policy in policies_around(self.policy)}

    def reported_waits(self) -> Waits | None:
        """Return the statistics of the actual waits, or None if they are unknown."""
        return measure_waits(self.reported) if self.reported else None

"""A study: classes of machines, each with a policy and jobs, and what comes of them. Touches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.runners.simulation.metrics import Outcome, Waits, measure, measure_waits
from rnd.runners.simulation.model import simulate
from rnd.runners.simulation.policy import Policy, policies_around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.runners.simulation.load import Job


@dataclass(frozen=True)
class Study:
    """One class of machines.

    Attributes:
        name: Of the class.
        policy: How many machines there are.
        jobs: What they run, at least one job, in the order in which they were queued.
        begin: Seconds since 1970.
        end: Likewise.
        machine_hour: The price of one machine for one hour.
        reported: How long the jobs really waited, in seconds, where that is known.
    """

    name: str
    policy: Policy
    jobs: Sequence[Job]
    begin: float
    end: float
    machine_hour: float
    reported: Sequence[float] = ()

    def outcome(self, policy: Policy | None = None) -> Outcome:
        """Return what the study's policy gives, or another one for the same jobs."""
        run = simulate(self.jobs, policy or self.policy, self.begin, self.end)
        return measure(self.jobs, run, self.machine_hour)

    def around(self) -> dict[Policy, Outcome]:
        """Return what the policies around the study's own give, and itself."""
        return {policy: self.outcome(policy) for policy in policies_around(self.policy)}

    def reported_waits(self) -> Waits | None:
        """Return what the waits really were, where that is known."""
        return measure_waits(self.reported) if self.reported else None

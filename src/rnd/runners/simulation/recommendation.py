"""Find the cheapest policy under which jobs wait no longer than wanted. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from rnd.runners.simulation.hours import open_spans
from rnd.runners.simulation.policy import HOURS_A_MONTH

if TYPE_CHECKING:
    from rnd.runners.simulation.experiment import Experiment
    from rnd.runners.simulation.metrics import Metrics
    from rnd.runners.simulation.policy import Policy

MOST_KEPT = 10  # machines that are always on, and additional ones in business hours
MOST = 40  # machines of a class


@dataclass(frozen=True)
class Recommendation:
    """A policy and its metrics.

    Attributes:
        policy: The cheapest that was found.
        metrics: Its metrics for the jobs of the experiment.
    """

    policy: Policy
    metrics: Metrics


def recommend(experiment: Experiment, p95: float) -> Recommendation | None:
    """Return the cheapest policy with a p95 of the waits of at most so many seconds, or None if there is none.

    For each number of machines that are kept, a binary search finds the smallest maximum that is enough. A number whose
    machines alone cost more than the best policy so far is not simulated.
    """
    best: Recommendation | None = None
    for policy in sorted(_kept(experiment.policy), key=lambda one: _least_cost(experiment, one)):
        if best is not None and _least_cost(experiment, policy) >= best.metrics.cost_month:
            break
        found = _smallest(experiment, policy, p95)
        if found is not None and (best is None or found.metrics.cost_month < best.metrics.cost_month):
            best = found
    return best


def _kept(policy: Policy) -> list[Policy]:
    numbers = product(range(MOST_KEPT + 1), repeat=2)
    return [replace(policy, always_on=always, extra=extra, maximum=MOST) for always, extra in numbers]


def _least_cost(experiment: Experiment, policy: Policy) -> float:
    """Return what the machines that are kept cost a month, without any job."""
    begin, end = experiment.begin, experiment.end
    hours = sum(closes - opens for opens, closes in open_spans(policy.hours, policy.timezone, begin, end))
    share = hours / (end - begin)
    return (policy.always_on + policy.extra * share) * HOURS_A_MONTH * experiment.machine_hour


def _smallest(experiment: Experiment, policy: Policy, p95: float) -> Recommendation | None:
    """Return the policy with the smallest maximum that is enough, as more machines shorten the wait on average."""
    low, high = max(policy.always_on + policy.extra, 1), MOST
    found = None
    while low <= high:
        middle = (low + high) // 2
        tried = replace(policy, maximum=middle)
        metrics = experiment.metrics(tried)
        if metrics.waits.p95 <= p95:
            found, high = Recommendation(tried, metrics), middle - 1
        else:
            low = middle + 1
    return found

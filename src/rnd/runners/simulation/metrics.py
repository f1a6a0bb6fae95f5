"""Metrics of a simulation: waits, cost, idle share. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.runners.simulation.policy import HOURS_A_MONTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.runners.simulation.load import Job
    from rnd.runners.simulation.model import Run


@dataclass(frozen=True)
class Waits:
    """Statistics of the waits from queueing to the first step, in seconds."""

    mean: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Metrics:
    """The metrics of a policy for a load.

    Attributes:
        jobs: Number of jobs.
        waits: The statistics of their waits.
        cost_month: Cost of machines and disks per month of 730 hours, in the currency of the prices.
        idle_share: Share of the paid time, including boot, in which no job ran; 0 if no machine was up.
        peak: Maximum number of machines at the same time.
    """

    jobs: int
    waits: Waits
    cost_month: float
    idle_share: float
    peak: int


def measure_waits(waits: Sequence[float]) -> Waits:
    """Return the mean and the nearest-rank percentiles of at least one wait."""
    ordered = sorted(waits)

    def percentile(share: float) -> float:
        return ordered[math.ceil(share * len(ordered)) - 1]

    return Waits(math.fsum(ordered) / len(ordered), percentile(0.5), percentile(0.95), percentile(0.99))


def measure(jobs: Sequence[Job], run: Run, machine_hour: float) -> Metrics:
    """Return the metrics of a simulation of at least one job.

    Args:
        jobs: The jobs.
        run: The result of the simulation.
        machine_hour: The price of one machine per hour.
    """
    waits = measure_waits([start - job.created for job, start in zip(jobs, run.starts, strict=True)])
    month = HOURS_A_MONTH / (run.span / 3600)
    idle = 1 - run.busy_seconds / run.machine_seconds if run.machine_seconds else 0.0
    return Metrics(len(jobs), waits, run.machine_seconds / 3600 * machine_hour * month, idle, run.peak)

"""What a run amounts to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnd.runners.simulation.metrics import Waits, measure, measure_waits
from rnd.runners.simulation.model import simulate
from tests.helpers.policies import jobs, policy


def test_percentiles_are_waits_that_jobs_really_had() -> None:
    assert measure_waits(range(100, 0, -1)) == Waits(mean=50.5, p50=50, p95=95, p99=99)
    assert measure_waits([7]) == Waits(7, 7, 7, 7)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_in_order(waits: list[float]) -> None:
    found = measure_waits(waits)
    assert min(waits) <= found.p50 <= found.p95 <= found.p99 <= max(waits)


def test_cost_and_idle_share() -> None:
    work = jobs((0, 900), (0, 900))
    found = measure(work, simulate(work, policy(1), 0, 3600), machine_hour=2.0)
    assert found.waits == Waits(mean=450, p50=0, p95=900, p99=900)
    assert found.cost_month == pytest.approx(2.0 * 730)
    assert found.idle_share == pytest.approx(0.5)


def test_costs_of_classes_add_up() -> None:
    """Two classes cost what each costs, and twice the machines twice as much."""
    work = jobs((0, 900))
    once, twice = (measure(work, simulate(work, policy(count), 0, 3600), 1.5).cost_month for count in (1, 2))
    assert twice == pytest.approx(2 * once)
    dearer = measure(work, simulate(work, policy(1), 0, 3600), 3.0).cost_month
    assert dearer == pytest.approx(2 * once)

"""Policies: the floor through a week, the policies around one, the price of a machine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnd.organisation import load_organisation
from rnd.runners.simulation.load import DAY
from rnd.runners.simulation.model import simulate
from rnd.runners.simulation.policy import Policy, machine_hour, policies_around
from scripts.costs_page import class_costs
from tests.helpers.machine import ACME
from tests.helpers.policies import policy

FRIDAY = datetime(2027, 1, 8, tzinfo=UTC).timestamp()


def test_the_floor_through_a_weekend() -> None:
    floors = [((moment - FRIDAY) / 3600, floor) for moment, floor in policy(1, 2).floors(FRIDAY, FRIDAY + 4 * DAY)]
    assert floors == [(0, 1), (8, 3), (20, 1), (80, 3), (92, 1)]


def test_around_a_policy_each_number_moves() -> None:
    chosen = policy(1, 1, maximum=6)
    around = policies_around(chosen)
    assert chosen in around
    for numbers in ((0, 1, 6), (2, 1, 6), (1, 0, 6), (1, 2, 6), (1, 1, 5), (1, 1, 8)):
        assert policy(*numbers) in around


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_all_policies_around_one_are_possible_and_different(always_on: int, extra: int, more: int) -> None:
    chosen = policy(always_on, extra, maximum=max(always_on + extra, 1) + more)
    around = policies_around(chosen)
    assert chosen in around
    assert len(set(around)) == len(around)
    assert all(one.maximum >= max(one.always_on + one.extra, 1) and one.extra >= 0 <= one.always_on for one in around)


def test_the_price_of_a_machine_holds_its_disk() -> None:
    runners = load_organisation(ACME).runners
    assert machine_hour(runners.classes["small"], runners.prices) == 0.5 + 32 * 0.1 / 730


def test_of_several_instance_types_the_cheapest_counts() -> None:
    runners = load_organisation(ACME).runners
    wanted = runners.classes["small"].model_copy(update={"instances": ["t3.large", "t3.small"], "disk_gb": 0})
    prices = runners.prices.model_copy(update={"instance_hour": {"t3.large": 0.5, "t3.small": 0.2}})
    assert machine_hour(wanted, prices) == 0.2


def test_without_jobs_a_policy_costs_what_the_page_of_costs_says() -> None:
    """Two ways to the same number: hours reckoned from the week, and a simulated year."""
    runners = load_organisation().runners
    begin = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    for name, wanted in runners.classes.items():
        chosen = Policy(
            wanted.always_on, wanted.business_hours_extra, wanted.maximum, runners.business_hours, runners.timezone
        )
        hourly = machine_hour(wanted, runners.prices)
        run = simulate([], chosen, begin, begin + 365 * DAY)
        assert run.machine_seconds / 3600 / 12 * hourly == pytest.approx(class_costs(runners, name)[3], rel=0.02)

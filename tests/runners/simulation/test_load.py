"""Jobs from a description: as many, as long and at such times as it says."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from rnd.runners.errors import LoadImpossible
from rnd.runners.simulation.hours import open_spans
from rnd.runners.simulation.load import DAY, Job, Load, Shape, describe_jobs
from tests.helpers.policies import OFFICE

BEGIN = datetime(2027, 1, 4, tzinfo=UTC).timestamp()
END = BEGIN + 364 * DAY


def a_year(load: Load, seed: str = "1") -> list[Job]:
    return list(describe_jobs(load, OFFICE, "Europe/London", BEGIN, END, seed))


def test_the_number_and_the_order_of_jobs() -> None:
    found = a_year(Load(jobs_per_day=200))
    assert len(found) == pytest.approx(364 * 200, rel=0.02)
    moments = [job.created for job in found]
    assert moments == sorted(moments)
    assert moments[0] >= BEGIN
    assert moments[-1] < END


@pytest.mark.parametrize("outside", [0.0, 0.1, 0.7, 1.0])
def test_the_share_outside_business_hours(outside: float) -> None:
    found = a_year(Load(outside=outside))
    spans = list(open_spans(OFFICE, "Europe/London", BEGIN, END))
    inside = sum(any(opens <= job.created < closes for opens, closes in spans) for job in found[::20])
    assert 1 - inside / len(found[::20]) == pytest.approx(outside, abs=0.02)


def test_a_period_without_business_hours_still_has_its_jobs() -> None:
    weekend = list(describe_jobs(Load(jobs_per_day=1000), OFFICE, "UTC", BEGIN - 2 * DAY, BEGIN, "1"))
    assert len(weekend) == pytest.approx(2000, rel=0.1)
    noon = BEGIN + 9 * 3600
    hour = list(describe_jobs(Load(jobs_per_day=24_000, outside=0.5), OFFICE, "UTC", noon, noon + 3600, "1"))
    assert len(hour) == pytest.approx(1000, rel=0.15)


@pytest.mark.parametrize(("shape", "variation"), [("lognormal", 0.7), ("exponential", 1.0), ("constant", 0.0)])
def test_the_durations(shape: Shape, variation: float) -> None:
    durations = [job.seconds / 60 for job in a_year(Load(minutes=5, shape=shape, spread=0.7))]
    mean = sum(durations) / len(durations)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in durations) / len(durations))
    assert mean == pytest.approx(5, rel=0.02)
    assert deviation / mean == pytest.approx(variation, rel=0.05)


@pytest.mark.parametrize("burst", [1.0, 3.0, 10.0])
def test_the_size_of_bursts(burst: float) -> None:
    found = a_year(Load(burst=burst))
    assert len(found) / len({job.created for job in found}) == pytest.approx(burst, rel=0.05)


def test_a_seed_gives_the_same_jobs_and_another_seed_others() -> None:
    assert a_year(Load()) == a_year(Load())
    assert a_year(Load()) != a_year(Load(), "2")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"jobs_per_day": 0.0}, "jobs-per-day must be above 0"),
        ({"jobs_per_day": math.nan}, "jobs-per-day must be above 0"),
        ({"minutes": -1.0}, "job-minutes must be above 0"),
        ({"minutes": math.inf}, "job-minutes must be above 0"),
        ({"shape": "normal"}, "durations must be one of lognormal, exponential, constant"),
        ({"spread": 0.0}, "spread must be above 0"),
        ({"burst": 0.5}, "burst must be at least 1"),
        ({"outside": 1.5}, "outside must be a share, from 0 to 1"),
    ],
)
def test_a_load_that_cannot_be(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(LoadImpossible, match=said):
        Load(**changed)

"""What becomes of jobs on a fleet: small stories whose times can be told by hand, and what holds for any."""

from __future__ import annotations

from cProfile import Profile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnd.organisation import load_organisation
from rnd.runners.simulation.load import DAY, Job, Load, describe_jobs
from rnd.runners.simulation.model import Run, simulate
from rnd.runners.simulation.policy import Policy, Timing
from tests.helpers.policies import OFFICE, jobs, policy

FOREVER = 1e9
MONDAY = datetime(2027, 1, 4, tzinfo=UTC).timestamp()


def test_one_machine_runs_jobs_in_order() -> None:
    run = simulate(jobs((0, 10), (1, 10), (2, 10)), policy(1), 0, 100)
    assert run.starts == [0, 10, 20]
    assert (run.machine_seconds, run.busy_seconds, run.span, run.peak) == (100, 30, 100, 1)


def test_picking_up_a_job_takes_time_and_the_machine() -> None:
    run = simulate(jobs((0, 10), (0, 10)), policy(1, timing=Timing(boot=0, idle=0, pickup=5)), 0, 100)
    assert run.starts == [5, 20]
    assert run.busy_seconds == 30


def test_it_grows_by_one_machine_for_each_job_that_waits_up_to_the_maximum() -> None:
    timing = Timing(boot=30, idle=1000, pickup=0)
    run = simulate(jobs((0, 100), (0, 100), (0, 100), (0, 100)), policy(1, maximum=3, timing=timing), 0, 200)
    assert run.starts == [0, 30, 30, 100]
    assert run.peak == 3
    assert run.machine_seconds == 3 * 200


def test_a_job_does_not_wait_for_the_machine_that_it_made_come() -> None:
    timing = Timing(boot=30, idle=1000, pickup=0)
    run = simulate(jobs((0, 10), (1, 5)), policy(1, maximum=2, timing=timing), 0, 100)
    assert run.starts == [0, 10]
    assert run.peak == 2, "it came all the same"


def test_a_machine_that_is_on_its_way_serves_the_next_job_too() -> None:
    timing = Timing(boot=30, idle=1000, pickup=0)
    run = simulate(jobs((0, 10), (1, 5), (12, 5)), policy(1, maximum=3, timing=timing), 0, 100)
    assert run.starts == [0, 10, 15]
    assert run.peak == 2, "when the third job comes, nobody waits for the machine that the second made come"


def test_work_for_one_machine_keeps_one_machine() -> None:
    timing = Timing(boot=0, idle=50, pickup=0)
    trickle = [(10.0 * count, 5.0) for count in range(1, 100)]
    run = simulate(jobs((0, 5), (0, 5), *trickle), policy(0, maximum=2, timing=timing), 0, 1000)
    # One works to the end; the other is up for the first job, and until it was idle for 50 seconds.
    assert run.machine_seconds == 1000 + 5 + 50


def test_a_machine_that_is_not_needed_goes_and_the_policy_s_own_stay() -> None:
    timing = Timing(boot=10, idle=50, pickup=0)
    run = simulate(jobs((0, 20), (0, 20)), policy(1, maximum=2, timing=timing), 0, 1000)
    assert run.starts == [0, 10]
    # The second is up from 0, works from 10 to 30, and goes when one of both was idle for 50 seconds: at 70.
    assert run.machine_seconds == 1000 + 70


def test_with_nothing_always_on_the_first_job_waits_for_a_boot() -> None:
    timing = Timing(boot=240, idle=900, pickup=40)
    run = simulate(jobs((0, 100)), policy(0, maximum=6, timing=timing), 0, 10_000)
    assert run.starts == [280]
    assert run.machine_seconds == 240 + 40 + 100 + 900


def test_business_hours_bring_a_machine_and_take_it_away() -> None:
    timing = Timing(boot=600, idle=900, pickup=0)
    run = simulate([], policy(0, 1, timing=timing), MONDAY, MONDAY + DAY)
    assert run.machine_seconds == 12 * 3600
    after = jobs((MONDAY + 8 * 3600, 60), (MONDAY + 21 * 3600, 60))
    run = simulate(after, policy(0, 1, timing=timing), MONDAY, MONDAY + DAY)
    assert run.starts == [MONDAY + 8 * 3600 + 600, MONDAY + 21 * 3600 + 600]
    assert run.machine_seconds == 12 * 3600 + (600 + 60 + 900)


def test_a_machine_that_works_when_business_hours_end_finishes_its_job() -> None:
    late = jobs((MONDAY + 20 * 3600 - 60, 3600))
    run = simulate(late, policy(0, 1, timing=Timing(boot=0, idle=900, pickup=0)), MONDAY, MONDAY + DAY)
    assert run.machine_seconds == 12 * 3600 - 60 + 3600 + 900


def test_jobs_that_outlast_the_period_are_run_to_their_end() -> None:
    run = simulate(jobs((90, 50), (95, 50)), policy(1), 0, 100)
    assert run.starts == [90, 140]
    assert run.span == run.machine_seconds == 190


# Whole seconds, so that sums are exact.
seconds = st.integers(0, 500)
some_jobs = st.lists(st.tuples(st.integers(0, 3000), seconds), max_size=40).map(
    lambda pairs: [Job(*pair) for pair in sorted(pairs, key=lambda pair: pair[0])]
)
timings = st.builds(Timing, boot=seconds, idle=seconds, pickup=st.integers(0, 50))
counts = st.integers(0, 4)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    always_on, extra = draw(counts), draw(counts)
    maximum = draw(st.integers(max(always_on + extra, 1), 10))
    return Policy(always_on, extra, maximum, OFFICE, "UTC", draw(timings))


def run_from_seven(work: list[Job], wanted: Policy) -> Run:
    """Run jobs of an hour around the beginning of business hours."""
    begin = MONDAY + 7 * 3600 + 1500
    return simulate([Job(begin + job.created, job.seconds) for job in work], wanted, begin, begin + 4000)


@given(some_jobs, policies())
def test_no_job_is_lost_and_they_start_in_order(work: list[Job], wanted: Policy) -> None:
    run = run_from_seven(work, wanted)
    begin = MONDAY + 7 * 3600 + 1500
    assert len(run.starts) == len(work)
    assert list(run.starts) == sorted(run.starts)
    for job, start in zip(work, run.starts, strict=True):
        assert start >= begin + job.created + wanted.timing.pickup
    assert run.busy_seconds == sum(job.seconds + wanted.timing.pickup for job in work)


@given(some_jobs, policies())
def test_never_more_machines_than_at_most_and_never_more_jobs_than_machines(work: list[Job], wanted: Policy) -> None:
    run = run_from_seven(work, wanted)
    assert run.peak <= wanted.maximum
    changes = [(start - wanted.timing.pickup, 1) for start in run.starts]
    changes += [(start + job.seconds, -1) for job, start in zip(work, run.starts, strict=True)]
    at_work = most = 0
    for _, change in sorted(changes):
        at_work += change
        most = max(most, at_work)
    assert most <= wanted.maximum
    assert run.busy_seconds <= run.machine_seconds <= wanted.maximum * run.span
    assert run.machine_seconds >= wanted.always_on * run.span


@given(some_jobs, st.integers(1, 6), st.integers(1, 3), timings)
def test_more_machines_that_are_always_on_never_make_a_job_wait_longer(
    work: list[Job], few: int, more: int, timing: Timing
) -> None:
    slower = simulate(work, policy(few, timing=timing), 0, 4000)
    faster = simulate(work, policy(few + more, timing=timing), 0, 4000)
    assert all(late >= early for late, early in zip(slower.starts, faster.starts, strict=True))


@given(some_jobs, policies(), st.integers(1, 3))
def test_a_higher_maximum_never_makes_a_job_wait_longer_while_machines_stay(
    work: list[Job], wanted: Policy, more: int
) -> None:
    """Where they go again it may: who waited less has fewer machines left when the next burst comes."""
    timing = Timing(wanted.timing.boot, FOREVER, wanted.timing.pickup)
    lower = Policy(wanted.always_on, wanted.extra, wanted.maximum, OFFICE, "UTC", timing)
    higher = Policy(wanted.always_on, wanted.extra, wanted.maximum + more, OFFICE, "UTC", timing)
    slower, faster = run_from_seven(work, lower), run_from_seven(work, higher)
    assert all(late >= early for late, early in zip(slower.starts, faster.starts, strict=True))


@given(some_jobs, policies())
def test_the_same_again_is_the_same(work: list[Job], wanted: Policy) -> None:
    assert run_from_seven(work, wanted) == run_from_seven(work, wanted)


@pytest.mark.parametrize("name", load_organisation().runners.classes)
def test_the_calls_grow_with_the_jobs_and_no_faster(name: str) -> None:
    """A year of 200 jobs a day is simulated in a second or two; a clock would say so on an idle machine only."""
    year, calls_of_year = count_calls(name, 365)
    month, calls_of_month = count_calls(name, 28)
    assert year > 70_000
    assert calls_of_year / year < 1.2 * calls_of_month / month


def count_calls(name: str, days: int) -> tuple[int, int]:
    """Simulate some days of 200 jobs; return the number of jobs, and that of calls that it took."""
    runners = load_organisation().runners
    wanted = runners.classes[name]
    chosen = Policy(
        wanted.always_on, wanted.business_hours_extra, wanted.maximum, runners.business_hours, runners.timezone
    )
    with Profile() as profile:
        work = list(describe_jobs(Load(), chosen.hours, chosen.timezone, MONDAY, MONDAY + days * DAY, "1"))
        run = simulate(work, chosen, MONDAY, MONDAY + days * DAY)
    assert len(run.starts) == len(work)
    return len(work), sum(entry.callcount for entry in profile.getstats())


def test_ecs_launches_two_machines_where_there_is_none() -> None:
    timing = Timing(boot=30, idle=1000, pickup=0, from_zero=2)
    run = simulate(jobs((0, 10), (40, 10), (40, 10)), policy(0, maximum=3, timing=timing), 0, 100)
    assert run.starts == [30, 40, 40]
    assert run.peak == 2


def test_during_the_warm_up_nothing_more_is_launched() -> None:
    timing = Timing(boot=30, idle=1000, pickup=0, warm_up=240)
    run = simulate(jobs((0, 1000), (1, 10), (2, 10)), policy(0, maximum=3, timing=timing), 0, 2000)
    assert run.starts == [30, 270, 270], "both at once, as soon as the first machine counts"
    assert run.peak == 3


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 900)), min_size=1, max_size=25), st.integers(0, 600))
def test_no_job_is_lost_whatever_the_steps(asked: list[tuple[int, int]], warm_up: int) -> None:
    timing = Timing(boot=60, idle=90, pickup=5, from_zero=2, warm_up=warm_up)
    listed = jobs(*sorted((float(at), float(seconds)) for at, seconds in asked))
    run = simulate(listed, policy(0, maximum=4, timing=timing), 0, 10_000)
    assert len(run.starts) == len(listed)
    assert run.starts == sorted(run.starts)
    assert run.peak <= 4

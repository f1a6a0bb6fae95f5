"""The cheapest policy for a wanted wait: none that is cheaper is fast enough, and it is found quickly."""

from __future__ import annotations

import json
from cProfile import Profile
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from rnd.commands.recommend import read_duration
from rnd.errors import UsageError
from rnd.runners.simulation import recommendation
from rnd.runners.simulation.experiment import Experiment
from rnd.runners.simulation.load import DAY, Load, describe_jobs
from rnd.runners.simulation.policy import Timing
from rnd.runners.simulation.recommendation import recommend
from tests.helpers.policies import policy

if TYPE_CHECKING:
    from rnd.runners.simulation.policy import Policy


def experiment(days: int, jobs_per_day: float = 60) -> Experiment:
    today = policy(1, 1, maximum=6)
    end = days * DAY
    jobs = list(describe_jobs(Load(jobs_per_day=jobs_per_day), today.hours, today.timezone, 0, end, "a seed"))
    return Experiment("some", today, jobs, 0, end, 0.3)


def test_no_cheaper_policy_is_fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendation, "MOST", 6)
    monkeypatch.setattr(recommendation, "MOST_KEPT", 2)
    asked, wanted = experiment(7), 600.0
    found = recommend(asked, wanted)
    assert found is not None
    assert found.metrics.waits.p95 <= wanted
    others: list[Policy] = [
        policy(always, extra, maximum=most)
        for always, extra, most in product(range(3), range(3), range(1, 7))
        if always + extra <= most
    ]
    fast = {one: metrics for one in others if (metrics := asked.metrics(one)).waits.p95 <= wanted}
    assert found.metrics.cost_month == pytest.approx(min(one.cost_month for one in fast.values()), rel=0.02)


def test_a_wait_that_no_policy_has() -> None:
    asked = experiment(2)
    slow = replace(asked, policy=replace(asked.policy, timing=Timing()))  # picking up a job takes 40 seconds
    assert recommend(slow, 1) is None


def test_a_month_of_jobs_takes_seconds() -> None:
    """Calls are counted, because the time depends on the machine: 10 million take less than ten seconds on one core."""
    profile = Profile()
    profile.runcall(recommend, experiment(30, 200), 600)
    profile.create_stats()
    assert sum(one[0] for one in profile.stats.values()) < 10_000_000


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--period", "7", "--class", "research-gpu", "--jobs-per-day", "20"]
    assert main(["runners", "recommend", "--p95", "10min", *options, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    found = said["classes"]["research-gpu"]["recommended"]
    assert found["waits"]["p95"] <= 600 == said["p95_wanted"]
    assert main(["runners", "recommend", "--p95", "1s", *options]) == 1
    assert "none is enough" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400), ("2 min", 120)])
def test_a_duration(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "-1min", "1d"])
def test_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        read_duration(text)

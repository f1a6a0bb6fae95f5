"""GitHub's limits, enforced on a clock that only waiting moves: no request is refused, and no time is lost."""

from __future__ import annotations

import os
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from fake_github.clock import ManualClock
from fake_github.limits import Limits
from fake_github.populate import Drift
from rnd import cli
from rnd.fleet import governor
from rnd.fleet.governor import Governor, Paused
from tests.helpers.many import add_many, switch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.fleet import Fleet

# `RND_TEST_REPOSITORIES=1000` runs the size that the goals are about; it takes half a minute.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "60"))
WIKI = {"features.wiki": Drift(100, switch("has_wiki", True))}


@pytest.fixture
def clock(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManualClock]:
    """The clock of the fake GitHub and of the command."""
    made = ManualClock()
    before = fleet.hub.limits
    monkeypatch.setattr("rnd.fleet.governor.Governor", partial(Governor, made.now, made.sleep))
    yield made
    fleet.hub.limits = before


def test_one_setting_everywhere(fleet: Fleet, clock: ManualClock) -> None:
    """The floor is a second for each write."""
    made = add_many(fleet, COUNT, drifts=WIKI, kinds={}, hostile=0)
    fleet.hub.limits = limits = Limits(clock, enforced=True)
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    assert not any(one.repository.settings["has_wiki"] for one in made)
    print(f"one setting in {COUNT} repositories: {clock.slept:.0f} s by the clock, refusals {dict(limits.refusals)}")
    assert limits.requests["write"] == COUNT
    assert limits.refusals == {}
    assert limits.hasty == 0
    assert clock.slept <= 1.05 * COUNT


def test_a_part_of_the_hour_is_left_to_people(
    fleet: Fleet, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add_many(fleet, 12, drifts=WIKI, kinds={}, hostile=0)
    fleet.hub.limits = limits = Limits(clock, enforced=True, user=40)
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    said = capsys.readouterr()
    assert "of 40 requests of this hour are left, and the rest is for people. Next from" in said.err
    fixed = sum(not one.repository.settings["has_wiki"] for one in made)
    assert 0 < fixed < 12
    assert f"{fixed} applied, {12 - fixed} not reached" in said.out
    runs = 1
    while fixed < 12 and runs < 4:
        clock.sleep(3600)
        assert cli.main(["fleet", "apply", "--quiet"]) == 0
        fixed, runs = sum(not one.repository.settings["has_wiki"] for one in made), runs + 1
    assert fixed == 12
    assert limits.refusals == {}


def test_points_of_a_minute_and_creations() -> None:
    """A write costs five points of 900 a minute; 80 creations a minute and 500 an hour."""
    clock = ManualClock(0)
    one = Governor(clock.now, clock.sleep)
    for _ in range(900):
        one.pace("GET", "/repos/a/b")
    assert clock.slept == 0
    one.pace("GET", "/repos/a/b")
    assert clock.slept == governor.MINUTE
    clock = ManualClock(0)
    one = Governor(clock.now, clock.sleep)
    for _ in range(81):
        one.pace("POST", "/repos/a/b/rulesets")
    assert clock.slept >= governor.MINUTE
    for _ in range(500 - 81):
        one.pace("POST", "/repos/a/b/rulesets")
    with pytest.raises(Paused, match="500 creations an hour"):
        one.check()


def test_the_shortest_time_for_a_thousand() -> None:
    """What the documentation says: 68 minutes. GitHub's limits alone would allow 66.2; its advice for writes, 68.3."""
    clock = ManualClock(0)
    one = Governor(clock.now, clock.sleep)
    moments = []
    for _ in range(1000):
        one.pace("POST", "/repos/a/b/pulls")
        moments.append(clock.now())
    assert moments[-1] == pytest.approx(governor.HOUR + 499 * governor.CREATION_PAUSE) == 4049.1
    assert all(later - earlier >= 60 / 80 for earlier, later in pairwise(moments))
    one.pace("PATCH", "/repos/a/b")
    assert clock.now() - moments[-1] == pytest.approx(governor.PAUSE)


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_set(hours: int) -> None:
    """Set back or forward in the middle of a run, it makes no wait longer than the limits do."""
    clock = ManualClock(0)
    one = Governor(clock.now, clock.sleep)
    for method in ("GET",) * 895 + ("POST",):
        one.pace(method, "/repos/a/b")
    moved = Governor(lambda: clock.now() + hours * governor.HOUR, clock.sleep)
    vars(moved).update({name: kept for name, kept in vars(one).items() if name not in {"clock", "sleep"}})
    for method in ("POST", "GET", "PATCH"):
        moved.pace(method, "/repos/a/b")
    assert clock.slept <= governor.MINUTE + 2 * governor.PAUSE
    moved.heard({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4000", "x-ratelimit-reset": "60"})
    moved.check()


def test_it_ends_at_the_time_that_it_prints() -> None:
    assert Paused(14 * 3600 + 4 * 60 + 1, "").next_run == "14:05"

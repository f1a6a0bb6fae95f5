"""Rings: who is in which, what holds a repository, and when a release is ready for the next ring."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from rnd.fleet.rings import Standing, current_hold, health, own_hold, ring_of
from rnd.organisation.fleet import Fleet, Hold, Ring

RINGS = {"canary": Ring(repositories=["rnd-a"]), "early": Ring(share=10), "all": Ring()}
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TODAY = NOW.date()
HOLD = Hold(until=date(2026, 12, 24), because="camera-ready")


def test_a_share_is_selected_by_the_id() -> None:
    found = Counter(ring_of(f"rnd-{number}", number, RINGS) for number in range(10_000))
    assert found["canary"] == 0
    assert 900 < found["early"] < 1100
    assert ring_of("RND-A", 1, RINGS) == "canary"
    assert {ring_of(name, 77, RINGS) for name in ("before", "after")} == {ring_of("renamed", 77, RINGS)}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("hold: {until: 2026-12-24, because: camera-ready}", True),
        ("hold: {until: 2026-11-30, because: today is the last day}", True),
        ("hold: {until: 2026-11-29, because: over}", False),
        ("hold: {until: 2031-01-01, because: more than a year ahead}", False),
        ("hold: {because: without an end}", False),
        ("hold: {until: never, because: no}", False),
        ("hold: {until: 2026-12-24, because: x, settings: false}", False),
        ("hold: [1]", False),
        ("- hold", False),
        ("hold: {until: &a [*a], because: x}", False),
        ("", False),
        (None, False),
    ],
)
def test_a_repository_holds_itself(text: str | None, *, held: bool) -> None:
    assert (current_hold("rnd-a", Fleet(), own_hold(text), TODAY) is not None) == held


def test_a_hold_of_org_yml_comes_first() -> None:
    fleet = Fleet(held={"RND-a": HOLD})
    other = Hold(until=TODAY, because="mine")
    assert current_hold("rnd-a", fleet, other, TODAY) == HOLD
    assert current_hold("rnd-b", fleet, other, TODAY) == other
    assert current_hold("rnd-a", fleet, None, HOLD.until + timedelta(days=1)) is None


GREEN = Standing("rnd-a", "1.5.0", "green")
RING = Ring(repositories=["rnd-a", "rnd-b"], hours=24)


@pytest.mark.parametrize(
    ("standings", "hours", "expected"),
    [
        ([GREEN], 24, "baked"),
        ([GREEN], 23.9, "baking"),
        ([GREEN], 0, "baking"),
        ([Standing("rnd-a", "1.5.0-2-gabc1234", "green")], 24, "baked"),
        ([Standing("rnd-a", "1.6.0", "green")], 24, "baked"),
        ([GREEN, Standing("rnd-b", "1.4.0", "green")], 1000, "waiting"),
        ([GREEN, Standing("rnd-b", None, "green")], 1000, "waiting"),
        ([GREEN, Standing("rnd-b", "1.5.0", "running")], 1000, "waiting"),
        ([GREEN, Standing("rnd-b", "1.5.0", "none")], 1000, "waiting"),
        ([GREEN, Standing("rnd-b", "1.5.0", "red")], 1000, "red"),
        ([GREEN, Standing("rnd-b", "1.4.0", "green", red=True)], 1000, "red"),
        ([GREEN, Standing("rnd-b", "1.4.0", "red", excused=True)], 24, "baked"),
        ([Standing("rnd-b", "1.4.0", "green", excused=True)], 1000, "waiting"),
        ([], 1000, "waiting"),
    ],
)
def test_the_health_of_a_ring(standings: list[Standing], hours: float, expected: str) -> None:
    given = NOW - timedelta(hours=hours)
    assert health(RING, "1.5.0", given, standings, NOW).health == expected
    shortened = health(RING, "1.5.0", given, standings, NOW, hours=False).health
    assert shortened == ("baked" if expected == "baking" else expected)


def test_a_share_without_repositories_is_passed() -> None:
    assert health(Ring(share=1, hours=1), "1.5.0", NOW - timedelta(hours=1), [], NOW).health == "baked"

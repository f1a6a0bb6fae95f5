"""A release goes from ring to ring: by health and hours, never by time alone. Pure; the test moves the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rnd.errors import UsageError
from rnd.fleet.errors import NotBaked
from rnd.fleet.ledger import Entry, Ledger, give, read_ledger
from rnd.fleet.promotion import due, promote
from rnd.fleet.rings import Standing
from rnd.organisation import Organisation, load_organisation
from rnd.organisation.fleet import Fleet, Ring

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
RINGS = {
    "canary": Ring(repositories=["rnd-a"], hours=24),
    "early": Ring(share=10, hours=72),
    "all": Ring(),
}
GREEN = {"canary": [Standing("rnd-a", "1.5.0", "green")], "early": [Standing("rnd-b", "1.5.0", "green")]}
RED = {**GREEN, "canary": [Standing("rnd-a", "1.5.0", "red")]}


def organisation(withdrawn: tuple[str, ...] = ()) -> Organisation:
    fleet = Fleet(rings=RINGS, withdrawn=list(withdrawn))
    return load_organisation().model_copy(update={"fleet": fleet})


OURS = organisation()


def after(messages: dict[str, str | None], entries: list[Entry]) -> dict[str, str | None]:
    return messages | {one.branch: one.message for one in entries}


def begin() -> dict[str, str | None]:
    """Return branches on which all rings have 1.4.0 and the canary has 1.5.0 since now."""
    empty: dict[str, str | None] = {"v1": None, "v1-canary": None}
    messages = after(empty, give(read_ledger(empty), OURS, list(RINGS), "1.4.0", NOW - timedelta(days=90)))
    return after(messages, give(read_ledger(messages), OURS, ["canary"], "1.5.0", NOW))


def given(messages: dict[str, str | None]) -> dict[str, str]:
    return {ring: one.release for ring, one in read_ledger(messages).rings.items()}


def test_a_red_canary_is_never_promoted() -> None:
    ledger = read_ledger(begin())
    for tick in range(100):
        now = NOW + timedelta(hours=24 * tick)
        assert due(ledger, OURS, RED, now) == []
        with pytest.raises(NotBaked, match="red: rnd-a"):
            promote(ledger, OURS, RED, "1.5.0", None, now)
        with pytest.raises(NotBaked, match="red: rnd-a"):
            promote(ledger, OURS, RED, "1.5.0", "early", now)


def test_a_green_one_goes_on_after_its_hours_and_not_before() -> None:
    messages = begin()
    moved: dict[str, float] = {}
    for half_hours in range(400):
        now = NOW + timedelta(minutes=30 * half_hours)
        entries = due(read_ledger(messages), OURS, GREEN, now)
        messages = after(messages, entries)
        for ring, release in given(messages).items():
            if release == "1.5.0":
                moved.setdefault(ring, half_hours / 2)
    assert moved == {"canary": 0, "early": 24, "all": 24 + 72}


def test_a_person_shortens_the_hours() -> None:
    ledger = read_ledger(begin())
    with pytest.raises(NotBaked, match="24 h to go"):
        promote(ledger, OURS, GREEN, "1.5.0", None, NOW)
    assert [one.branch for one in promote(ledger, OURS, GREEN, "1.5.0", "early", NOW)] == ["v1"]
    with pytest.raises(NotBaked, match=r"early was not given 1\.5\.0"):
        promote(ledger, OURS, GREEN, "1.5.0", "all", NOW)
    assert promote(ledger, OURS, GREEN, "1.4.0", None, NOW) == []


def test_what_is_withdrawn_or_taken_back_goes_nowhere() -> None:
    withdrawn = organisation(("1.5.0",))
    late = NOW + timedelta(days=9)
    assert due(read_ledger(begin()), withdrawn, GREEN, late) == []
    with pytest.raises(UsageError, match="withdrawn"):
        promote(read_ledger(begin()), withdrawn, GREEN, "1.5.0", None, late)
    taken = Ledger(read_ledger(begin()).rings, frozenset({"1.5.0"}), frozenset({"v1"}))
    assert due(taken, OURS, GREEN, late) == []


def test_the_first_release_of_all_goes_to_every_ring() -> None:
    entries = promote(read_ledger({"v1": None, "v1-canary": None}), OURS, {}, "1.0.0", None, NOW)
    assert {one.branch for one in entries} == {"v1", "v1-canary"}
    assert given(after({}, entries)) == dict.fromkeys(RINGS, "1.0.0")

"""The ledger: what is given, taken back and given again, as the messages of commits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rnd.fleet.ledger import Entry, Ledger, branch_of, give, newest_given, read_ledger, take_back
from rnd.organisation import Organisation, load_organisation
from rnd.organisation.fleet import Fleet, Ring

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
RINGS = {"canary": Ring(repositories=["rnd-a"]), "early": Ring(share=10), "all": Ring()}


def organisation(**rings: Ring) -> Organisation:
    return load_organisation().model_copy(update={"fleet": Fleet(rings=rings or RINGS)})


class Branches:
    """The branches of a ledger, as messages of their last commits, and whose trees they have."""

    def __init__(self, **tips: str) -> None:
        self.messages: dict[str, str | None] = {"v1": None, "v1-canary": None, **tips}
        self.trees: dict[str, str | None] = dict.fromkeys(self.messages)

    def write(self, entries: list[Entry]) -> list[str]:
        for one in entries:
            self.messages[one.branch] = one.message
            self.trees[one.branch] = one.release or self.trees[one.branch]
        return [one.message.partition("\n")[0] for one in entries]

    @property
    def ledger(self) -> Ledger:
        return read_ledger(self.messages)

    def given(self) -> dict[str, str]:
        return {ring: one.release for ring, one in self.ledger.rings.items()}


def test_given_ring_by_ring_taken_back_and_given_again() -> None:
    ours, branches = organisation(), Branches(v1="feat: before the ledger\n")
    assert branches.write(give(branches.ledger, ours, ["canary"], "1.4.0", NOW)) == ["chore: give 1.4.0 to canary"]
    assert (branches.given(), branches.trees) == ({"canary": "1.4.0"}, {"v1": None, "v1-canary": "1.4.0"})
    branches.write(give(branches.ledger, ours, ["early"], "1.4.0", NOW))
    assert branches.trees["v1"] is None
    branches.write(give(branches.ledger, ours, ["all"], "1.4.0", NOW))
    assert branches.trees == {"v1": "1.4.0", "v1-canary": "1.4.0"}
    for ring in RINGS:
        branches.write(give(branches.ledger, ours, [ring], "1.5.0", NOW + timedelta(hours=1)))
    assert branches.given() == dict.fromkeys(RINGS, "1.5.0")

    later = NOW + timedelta(hours=2)
    assert branches.write(take_back(branches.ledger, ours, None, later)) == ["chore: take back 1.5.0"] * 2
    assert branches.given() == dict.fromkeys(RINGS, "1.4.0")
    assert branches.trees == {"v1": "1.4.0", "v1-canary": "1.4.0"}
    assert branches.ledger.taken_back == {"1.5.0"}
    assert take_back(branches.ledger, ours, None, later) == []

    branches.write(give(branches.ledger, ours, ["canary"], "1.5.1", later))
    assert branches.given() == {"canary": "1.5.1", "early": "1.4.0", "all": "1.4.0"}
    assert newest_given(branches.ledger) == "1.5.1"


def test_a_release_that_only_the_canary_has_is_taken_back_there() -> None:
    ours, branches = organisation(), Branches()
    branches.write(give(branches.ledger, ours, list(RINGS), "1.4.0", NOW))
    branches.write(give(branches.ledger, ours, ["canary"], "1.5.0", NOW))
    assert [one.branch for one in take_back(branches.ledger, ours, None, NOW)] == ["v1-canary"]
    to = take_back(branches.ledger, ours, "1.3.0", NOW)
    assert [(one.branch, one.release, one.takes_back) for one in to] == [
        ("v1-canary", "1.3.0", True),
        ("v1", "1.3.0", True),
    ]


def test_an_older_release_is_not_given() -> None:
    ours, branches = organisation(), Branches()
    branches.write(give(branches.ledger, ours, list(RINGS), "1.10.0", NOW))
    assert give(branches.ledger, ours, list(RINGS), "1.9.0", NOW) == []
    assert give(branches.ledger, ours, list(RINGS), "1.10.0", NOW) == []


def test_one_ring_has_one_branch() -> None:
    ours = organisation(all=Ring())
    assert branch_of("all", ours) == "v1"
    (entry,) = give(read_ledger({"v1": None}), ours, ["all"], "1.0.0", NOW)
    assert (entry.branch, entry.release) == ("v1", "1.0.0")
    shares = organisation(early=Ring(share=10), all=Ring())
    assert {branch_of(ring, shares) for ring in ("early", "all")} == {"v1"}


def test_a_message_of_somebody_else_says_nothing() -> None:
    ledger = read_ledger({"v1": "Rnd-Ring: all 1.5.0 yesterday -\nRnd-Ring: all latest 2026-01-01T00:00:00Z -\n"})
    assert ledger.rings == {}
    assert ledger.branches == {"v1"}

"""Decisions about update pull requests, case by case and within the limits. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rnd.fleet.inventory import Member
from rnd.fleet.ledger import Given, Ledger
from rnd.fleet.update.decide import Rules, decide, decide_all
from rnd.fleet.update.state import Commit, Pull, Updates
from rnd.fleet.update.words import (
    AUTHOR_EMAIL,
    Marker,
    body,
    conflict_message,
    read_marker,
    read_title,
    title,
    update_message,
)
from rnd.organisation.fleet import Fleet, Hold, Update

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MAIN = "a" * 40
FLEET = Fleet(update=Update(merge={"all": "automatic"}, every_days=14, at_once=3))
RULES = Rules(FLEET, Ledger({"all": Given("1.5.0", NOW)}), ("1.4.0", "v1.5.0", "1.6.0"), NOW)
ONE = Member(7, "R_7", "rnd-a", "https://github.com/o/rnd-a", "1.4.0", "all")


def pull(**changed: object) -> Pull:
    """Return a complete, green pull request."""
    update = Commit("b" * 40, update_message("1.5.0", MAIN), AUTHOR_EMAIL)
    text = body(Marker("1.5.0", MAIN, conflict=False), "1.4.0", {"merged": ["a"]}, {}, None)
    made = Pull("P", 1, "url", title("1.5.0"), "1.5.0", "OPEN", False, "b" * 40, NOW, None, text, "MERGEABLE", "green")
    return replace(made, commits=(update,), **changed)  # pyrefly: ignore[bad-argument-type]


def conflicting(**changed: object) -> Pull:
    """Return a pull request with conflicts."""
    text = body(Marker("1.5.0", MAIN, conflict=True), "1.4.0", {"conflict": ["a"]}, {}, None)
    commit = Commit("c" * 40, conflict_message("1.5.0", ["a"]), AUTHOR_EMAIL)
    return replace(pull(), body=text, commits=(*pull().commits, commit), **changed)  # pyrefly: ignore[bad-argument-type]


def with_commit(message: str, email: str = "ada@example.com") -> Pull:
    return replace(pull(), commits=(*pull().commits, Commit("d" * 40, message, email)))


CASES = {
    "green": (pull(), "merge"),
    "a draft of somebody": (pull(draft=True), "wait"),
    "running": (pull(checks="running"), "wait"),
    "not begun": (pull(checks="none"), "wait"),
    "without any checks": (pull(checks="none", created=NOW - timedelta(days=1)), "wait"),
    "red": (pull(checks="red"), "wait"),
    "unknown": (pull(checks="unknown"), "wait"),
    "mergeable unknown": (pull(mergeable="UNKNOWN"), "wait"),
    "conflicts with main": (pull(mergeable="CONFLICTING"), "renew"),
    "an earlier release": (pull(title=title("1.4.0"), release="1.4.9"), "renew"),
    "another title": (pull(title="mine", release=None), "renew"),
    "without a text": (pull(body=""), "renew"),
    "a text about something else": (pull(body=pull().body.replace("1.5.0", "1.4.9", 1)), "renew"),
    "a person's commit": (with_commit("fix: mine"), "wait"),
    "a commit that looks like ours": (with_commit(update_message("1.5.0", MAIN)), "wait"),
    "the version": (with_commit("chore(release): set version to 0.2.0"), "merge"),
    "a version and more": (with_commit("chore(release): set version to 0.2.0\n\nand more"), "wait"),
    "too many commits": (pull(), "wait"),
    "conflicts": (conflicting(draft=True), "conflict"),
    "conflicts, and no draft": (conflicting(), "redraft"),
    "taken back": (pull(title=title("1.6.0"), release="1.6.0"), "close"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_open_pull_request(name: str) -> None:
    one, expected = CASES[name]
    if name == "too many commits":
        one = replace(one, commits=one.commits * 31)
    assert decide(ONE, Updates(one, main=MAIN), RULES).kind == expected
    held = replace(RULES, fleet=FLEET.model_copy(update={"held": {"rnd-a": Hold(until=NOW.date(), because="x")}}))
    assert decide(ONE, Updates(one, main=MAIN), held).kind == "held"
    withdrawn = replace(RULES, fleet=FLEET.model_copy(update={"withdrawn": ["1.5.0"]}))
    assert decide(ONE, Updates(one, main=MAIN), withdrawn).kind == "close"
    assert decide(replace(ONE, version="1.6.0"), Updates(one, main=MAIN), RULES).kind in {"close", expected}
    by_hand = replace(RULES, fleet=Fleet())
    assert decide(ONE, Updates(one, main=MAIN), by_hand).kind == ("wait" if expected == "merge" else expected)


def test_main_has_changed() -> None:
    assert decide(ONE, Updates(pull(), main="f" * 40), RULES).kind == "renew"


CLOSED = pull(state="CLOSED", closed=NOW)
MERGED = pull(state="MERGED", release="1.4.0", closed=NOW - timedelta(days=13))


@pytest.mark.parametrize(
    ("member", "updates", "rules", "expected"),
    [
        (ONE, Updates(main=MAIN), RULES, "open"),
        (replace(ONE, version="1.4.0-2-gabc1234"), Updates(main=MAIN), RULES, "open"),
        (replace(ONE, version="1.5.0"), Updates(main=MAIN), RULES, "nothing"),
        (replace(ONE, version="1.3.0"), Updates(main=MAIN), RULES, "blocked"),
        (replace(ONE, version="main"), Updates(main=MAIN), RULES, "blocked"),
        (replace(ONE, version=None), Updates(main=MAIN), RULES, "blocked"),
        (replace(ONE, watched=True, version=None), Updates(main=MAIN), RULES, "nothing"),
        (ONE, Updates(error="GitHub did not answer"), RULES, "blocked"),
        (ONE, Updates(earlier=(CLOSED,), main=MAIN), RULES, "refused"),
        (ONE, Updates(earlier=(replace(CLOSED, release="1.4.0"),), main=MAIN), RULES, "open"),
        (ONE, Updates(earlier=(MERGED,), main=MAIN), RULES, "wait"),
        (ONE, Updates(earlier=(MERGED,), main=MAIN), replace(RULES, urgent=True), "open"),
        (ONE, Updates(earlier=(MERGED,), main=MAIN), replace(RULES, now=NOW + timedelta(days=1)), "open"),
        (replace(ONE, ring="early"), Updates(main=MAIN), RULES, "nothing"),
    ],
)
def test_without_a_pull_request(member: Member, updates: Updates, rules: Rules, expected: str) -> None:
    assert decide(member, updates, rules).kind == expected


def many(count: int, *pulls: Pull) -> tuple[list[Member], dict[str, Updates]]:
    members = [replace(ONE, id=number, node_id=f"R_{number}", name=f"rnd-{number}") for number in range(count)]
    known = {one.node_id: Updates(main=MAIN) for one in members}
    return members, known | {f"R_{place}": Updates(one, main=MAIN) for place, one in enumerate(pulls)}


@pytest.mark.parametrize("running", range(5))
def test_never_more_than_at_once(running: int) -> None:
    members, updates = many(20, *[pull(checks="running")] * running)
    kinds = [one.kind for one in decide_all(members, updates, RULES)]
    assert kinds.count("open") == max(0, 3 - running)
    members, updates = many(20, *[pull(checks="green", body="")] * 5)
    assert [one.kind for one in decide_all(members, updates, RULES)].count("renew") == 3


def test_red_pull_requests_stop_the_release() -> None:
    red, green = pull(checks="red"), pull(checks="green")
    opened = [one.kind for one in decide_all(*many(20, red, red), RULES)].count("open")
    assert opened == 3
    assert "open" not in [one.kind for one in decide_all(*many(20, red, red, red), RULES)]
    assert "open" in [one.kind for one in decide_all(*many(90, red, red, red, *[green] * 60), RULES)]


def test_the_words_are_read_again() -> None:
    assert read_title(title("1.5.0")) == "1.5.0"
    assert read_title("chore: update the template to 1.5.0 and more") is None
    marker = Marker("1.5.0", MAIN, conflict=True)
    hostile = {"conflict": ["`x`\n<!-- @ada -->"], "new": [f"f{number}" for number in range(500)]}
    text = body(marker, "1.4.0`", hostile, {"1.5.0": "@ada\n<script>\n" * 10_000, "1.4.1": ""}, "no @network")
    assert read_marker(text) == marker
    assert "@ada" not in text
    assert "@network" not in text
    assert "<script>" not in text
    assert "… and 400 more" in text
    assert len(text) < 65_536

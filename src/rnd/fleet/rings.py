"""Rings: which one a repository is in, what holds it back, and whether a release is ready for the next ring. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import ValidationError

from rnd import bounded_yaml
from rnd.organisation.fleet import Hold
from rnd.version.tags import parse_release

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from rnd.organisation.fleet import Fleet, Ring

    Health = Literal["baked", "baking", "waiting", "red"]

LONGEST_HOLD = 366  # days that a repository can hold itself
HOLD_FILE = ".github/rnd.yml"


def ring_of(name: str, number: int, rings: Mapping[str, Ring]) -> str:
    """Return the ring of a repository: the one that names it, else the one that its ID falls into.

    Args:
        name: The name of the repository, without the owner.
        number: Its ID, which stays when it is renamed.
        rings: The rings of org.yml.
    """
    for ring, one in rings.items():
        if name.lower() in {listed.lower() for listed in one.repositories}:
            return ring
    place = int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:8], "big") % 100
    end = 0
    for ring, one in rings.items():
        end += one.share or 0
        if one.takes_the_rest or place < end:
            return ring
    return list(rings)[-1]


def current_hold(name: str, fleet: Fleet, own: Hold | None, today: date) -> Hold | None:
    """Return the hold of a repository, unless it has ended: that of org.yml, else its own.

    Args:
        name: The name of the repository.
        fleet: The `fleet` section of org.yml.
        own: What the repository says in `.github/rnd.yml`.
        today: The date.
    """
    listed = next((hold for held, hold in fleet.held.items() if held.lower() == name.lower()), None)
    if listed is not None and today <= listed.until:
        return listed
    latest = today + timedelta(days=LONGEST_HOLD)
    return own if own is not None and today <= own.until <= latest else None


def own_hold(text: str | None) -> Hold | None:
    """Return the hold in `.github/rnd.yml`: `hold: {until: 2027-02-01, because: camera-ready}`.

    Everyone who can push to the repository writes that file. It delays updates of the template until its end date, at
    most a year ahead, and does nothing else. A file that says something else holds nothing.
    """
    try:
        document: Any = bounded_yaml.load(text) if text else None
        return Hold.model_validate(document["hold"])
    except (yaml.YAMLError, ValidationError, TypeError, KeyError, ValueError):
        return None


@dataclass(frozen=True)
class Standing:
    """What the health of a ring depends on, for one repository.

    Attributes:
        name: The repository.
        version: Its release of the template; None if that is unknown.
        main: The result of the checks on `main`.
        excused: Whether it is held, or has refused the release.
        red: Whether the checks of its update pull request have failed.
    """

    name: str
    version: str | None
    main: str
    excused: bool = False
    red: bool = False


@dataclass(frozen=True)
class Report:
    """The health of a release in a ring.

    Attributes:
        health: `baked`, `baking` until its hours are over, `waiting` for repositories, or `red`.
        reason: Why, for people.
    """

    health: Health
    reason: str


def health(
    ring: Ring, release: str, given: datetime, standings: Iterable[Standing], now: datetime, *, hours: bool = True
) -> Report:
    """Return whether a release is ready for the ring after this one.

    It is when it was given for the ring's hours, and every repository of the ring has merged it, and `main` is green
    after that. Time alone is never enough: a ring that names repositories needs at least one of them.

    Args:
        ring: The ring.
        release: The release that it was given.
        given: When.
        standings: Its repositories.
        now: The time.
        hours: Whether its hours count; a person can shorten them.
    """
    counted = [one for one in standings if not one.excused]
    if red := [one.name for one in counted if one.red or one.main == "red"]:
        return Report("red", f"red: {_names(red)}")
    if ring.repositories and not counted:
        return Report("waiting", "no repository of the ring has it")
    if left := [one.name for one in counted if not is_at_least(one.version, release)]:
        return Report("waiting", f"not merged: {_names(left)}")
    if left := [one.name for one in counted if one.main != "green"]:
        return Report("waiting", f"main is not green yet: {_names(left)}")
    missing = given + timedelta(hours=ring.hours) - now
    if hours and missing > timedelta(0):
        return Report("baking", f"{-(-missing // timedelta(hours=1))} h to go")
    return Report("baked", "merged and green")


def is_at_least(version: str | None, release: str) -> bool:
    """Return whether a version of the template, such as `1.4.0` or `1.4.0-2-gabc1234`, contains a release."""
    found = parse_release((version or "").partition("-")[0])
    wanted = parse_release(release)
    return found is not None and wanted is not None and found >= wanted


def _names(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

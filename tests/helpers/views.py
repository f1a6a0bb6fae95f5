"""A view of a large fleet for tests of reports: made up, seeded, with hostile names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

from rnd.fleet.facts import Facts
from rnd.fleet.inventory import Member
from rnd.fleet.rest import REST_ONLY
from rnd.fleet.view import View
from rnd.github.settings.diff import Change
from rnd.organisation.fleet import Hold

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><script>alert(1)</script><!--",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "{{ 7 * 7 }} ${7*7}",
    "\u202egnp.exe \u200b",
)
VERSIONS = {"1.4.0": 0, "1.3.2": 1, "1.2.0": 3, "1.4.0-2-gabc1234": 0}
TEAM, PART = ("arm", "avatar", "face", "gaze", "speech", "video"), ("bench", "data", "lab", "model", "train")


def made_up_view(count: int = 1000, seed: int = 4) -> View:
    """Return a view with some differences of each kind; the first repositories have hostile texts."""
    random = Random(seed)
    return View(
        "Synthesia-Technologies",
        datetime(2026, 11, 24, 9, tzinfo=UTC),
        count * 18 // 10,
        {"archived": 36, "not from this template": count * 8 // 10 - 36},
        tuple(_facts(random, number) for number in range(count)),
        "1.4.0",
        "v1",
    )


def _facts(random: Random, number: int) -> Facts:
    text = HOSTILE[number] if number < len(HOSTILE) else ""
    name = text or f"rnd-{random.choice(TEAM)}-{random.choice(PART)}-{number}"
    version = random.choices(list(VERSIONS), (88, 9, 2, 1))[0]
    changes = [Change("features.wiki", wanted=False, found=True)] if random.random() < 0.03 else []
    if text:
        changes.append(Change("main.required_check", ("all-green",), (text,)))
    ring = random.choices(("canary", "early", "all"), (1, 10, 89))[0]
    return Facts(
        Member(number, f"R_{number}", name, f"https://github.com/o/{name}", version, ring, watched=number == 50),
        None if number == 50 else VERSIONS[version],
        "watched" if number == 50 else random.choices(("v1", "v1-canary", "mixed"), (970, 10, 20))[0],
        random.choices(("green", "red", "running", "none"), (930, 12, 20, 38))[0],
        tuple(changes),
        not_read=REST_ONLY,
        hold=Hold(until=date(2027, 2, 1), because=text or "camera-ready") if text or number == 60 else None,
        error=f"GitHub could not be reached {text}" if number in {5, 70} else None,
    )

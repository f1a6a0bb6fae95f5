"""Business hours as moments, through both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from rnd.organisation import BusinessHours
from rnd.runners.simulation.hours import open_spans, segments

OFFICE = BusinessHours(days="Mon-Fri", start="08:00", end="20:00")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def spans(begin: str, end: str, hours: BusinessHours = OFFICE, timezone: str = "Europe/London") -> list[str]:
    """Return the spans as UTC text: begin, length in hours."""
    return [
        f"{datetime.fromtimestamp(opens, UTC):%a %d %H:%M} {(closes - opens) / 3600:g}"
        for opens, closes in open_spans(hours, timezone, moment(begin), moment(end))
    ]


def test_a_week_in_winter() -> None:
    assert spans("2027-01-04", "2027-01-11") == [
        "Mon 04 08:00 12",
        "Tue 05 08:00 12",
        "Wed 06 08:00 12",
        "Thu 07 08:00 12",
        "Fri 08 08:00 12",
    ]


def test_in_summer_the_same_local_time_is_earlier() -> None:
    assert spans("2027-03-26", "2027-03-30") == ["Fri 26 08:00 12", "Mon 29 07:00 12"]
    assert spans("2027-10-29", "2027-11-02") == ["Fri 29 07:00 12", "Mon 01 08:00 12"]


def test_a_day_on_which_the_clock_changes_within_the_hours() -> None:
    always = BusinessHours(days="Mon-Sun", start="00:00", end="23:00")
    assert spans("2027-03-28", "2027-03-28T23:00", always) == ["Sun 28 00:00 22"]
    assert spans("2027-10-30T23:00", "2027-10-31T23:30", always) == ["Sat 30 23:00 24"]


def test_a_time_zone_on_the_other_side_of_the_date() -> None:
    assert spans("2027-01-04", "2027-01-05", timezone="Pacific/Auckland") == ["Mon 04 00:00 7", "Mon 04 19:00 5"]


def test_begin_and_end_cut_the_hours() -> None:
    assert spans("2027-01-04T10:00", "2027-01-04T11:30") == ["Mon 04 10:00 1.5"]


@pytest.mark.parametrize(("days", "open_days"), [("Mon-Fri", 5), ("Mon-Sat", 6), ("Mon-Sun", 7)])
def test_the_days_of_the_week(days: str, open_days: int) -> None:
    hours = BusinessHours.model_validate({"days": days, "start": "09:00", "end": "17:00"})
    assert len(spans("2027-01-04", "2027-01-11", hours)) == open_days


def test_segments_leave_no_gap() -> None:
    begin, end = moment("2027-01-01"), moment("2028-01-01")
    found = list(segments(OFFICE, "Europe/London", begin, end))
    assert found[0][0] == begin
    assert found[-1][1] == end
    assert all(earlier[1] == later[0] for earlier, later in pairwise(found))
    assert sum(stop - start for start, stop, is_open in found if is_open) == 261 * 12 * 3600

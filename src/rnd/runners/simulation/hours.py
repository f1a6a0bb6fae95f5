"""Convert business hours from local time, including daylight saving, to seconds since 1970. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import BusinessHours

# Days of the week for each value in org.yml; Monday is 0, as in `datetime.weekday`.
DAYS = {"Mon-Fri": range(5), "Mon-Sat": range(6), "Mon-Sun": range(7)}


def open_spans(hours: BusinessHours, timezone: str, begin: float, end: float) -> Iterator[tuple[float, float]]:
    """Yield each span of business hours in a period, in order.

    Args:
        hours: Days of the week and times of the day.
        timezone: The time zone of the hours.
        begin: Start of the period, in seconds since 1970.
        end: End of the period, in seconds since 1970.
    """
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(begin, zone).date()
    last = datetime.fromtimestamp(end, zone).date()
    first_minute, last_minute = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    while day <= last:
        if day.weekday() in DAYS[hours.days]:
            opens = max(datetime.combine(day, first_minute, zone).timestamp(), begin)
            closes = min(datetime.combine(day, last_minute, zone).timestamp(), end)
            if opens < closes:
                yield opens, closes
        day += timedelta(days=1)


def segments(hours: BusinessHours, timezone: str, begin: float, end: float) -> Iterator[tuple[float, float, bool]]:
    """Yield a period in segments that are entirely inside or outside business hours.

    Each segment consists of its start, its end, and whether it is in business hours.
    """
    reached = begin
    for opens, closes in open_spans(hours, timezone, begin, end):
        if reached < opens:
            yield reached, opens, False
        yield opens, closes, True
        reached = closes
    if reached < end:
        yield reached, end, False

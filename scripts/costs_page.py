"""What the machines cost in a month, from the prices and the policies of org.yml."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from rnd.runners.simulation.hours import DAYS
from rnd.runners.simulation.policy import HOURS_A_MONTH, machine_hour
from scripts.markdown import NOTE, table

if TYPE_CHECKING:
    from rnd.organisation import BusinessHours, Organisation, Runners


def costs_page(organisation: Organisation) -> str:
    """Return the page of monthly costs."""
    runners = organisation.runners
    prices, hours = runners.prices, runners.business_hours
    fixed = sum(prices.fixed_month.values())
    idle = sum(class_costs(runners, name)[3] for name in runners.classes)
    full = sum(class_costs(runners, name)[4] for name in runners.classes)
    rows = [_class_row(runners, name) for name in runners.classes]
    rows.append(["all, with what is fixed", "", "", "", _money(idle + fixed), _money(full + fixed)])
    parts = [
        NOTE.format(source="org.yml"),
        "# What the machines cost\n",
        f"In {prices.currency} a month of {HOURS_A_MONTH} hours. The prices are those of `org.yml`,",
        f"as of {prices.as_of} ({prices.source}): list prices, **yours to correct** under `runners.prices`.\n",
        table(
            (
                "class",
                "one machine, an hour",
                "always on",
                "business hours",
                "without a job",
                "all machines, all month",
            ),
            rows,
        ),
        f"Business hours are {_business_hours(hours):.0f} hours a month ({hours.days}, {hours.start} to {hours.end}).",
        "A machine is priced as the cheapest type of its class, its disk included. What jobs add lies between the last",
        "two columns; `rnd runners simulate` says where.\n",
        "## What is fixed\n",
        table(("item", "a month"), [*((name, _money(one)) for name, one in prices.fixed_month.items())]),
        "Not included: data through the NAT gateway, by the GB; what is stored in the package index and the registry.",
    ]
    return "\n".join(parts) + "\n"


def _class_row(runners: Runners, name: str) -> list[str]:
    hourly, *costs = class_costs(runners, name)
    return [f"`{name}`", f"{hourly:.3f}", *map(_money, costs)]


def class_costs(runners: Runners, name: str) -> tuple[float, float, float, float, float]:
    """Return the price of an hour, and what a month costs: always on, extra, both, and all machines all the time."""
    wanted = runners.classes[name]
    hourly = machine_hour(wanted, runners.prices)
    always = wanted.always_on * HOURS_A_MONTH * hourly
    extra = wanted.business_hours_extra * _business_hours(runners.business_hours) * hourly
    return hourly, always, extra, always + extra, wanted.maximum * HOURS_A_MONTH * hourly


def _business_hours(hours: BusinessHours) -> float:
    """Return how many hours of an average month are business hours."""
    day = date(2000, 1, 1)
    start, end = (datetime.combine(day, time.fromisoformat(text)) for text in (hours.start, hours.end))
    return len(DAYS[hours.days]) / 7 * (end - start).total_seconds() / 3600 * HOURS_A_MONTH / 24


def _money(amount: float) -> str:
    return f"{amount:,.2f}"

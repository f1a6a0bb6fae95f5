"""What the machines cost in a month, from the prices and the policies of org.yml."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from rnd.runners.simulation.hours import DAYS
from rnd.runners.simulation.policy import HOURS_A_MONTH, machine_hour
from rnd.runners.stack.names import EXPIRES, KEPT_VERSIONS
from scripts.markdown import NOTE, table

if TYPE_CHECKING:
    from rnd.organisation import BusinessHours, Organisation, Runners


# https://aws.amazon.com/ecr/pricing/ and https://aws.amazon.com/codeartifact/pricing/, November 2026, in USD.
ECR_GB_MONTH, CODEARTIFACT_GB_MONTH = 0.10, 0.05
BUILDS, IMAGE_GB, DAYS_A_MONTH = 10, 2.5, 30
PACKAGES, WHEEL_MB = 100, 1


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
        "Not included: data through the NAT gateway, by the GB. Layers from ECR come through the endpoint of S3 and",
        "cost nothing; an image from Docker Hub comes through the gateway. "
        "[Machines keep the base images](../decisions/0028-machines-keep-base-images.md),",
        "so that a machine fetches them when it starts, and not each job.\n",
        *_storage(),
    ]
    return "\n".join(parts) + "\n"


def _storage() -> list[str]:
    """Return the section about what is stored."""
    return [
        "## What is stored\n",
        f"Images of branches expire after {EXPIRES['dev/']} days, candidates that were not released after "
        f"{EXPIRES['candidate/']}; of each",
        f"package, the {KEPT_VERSIONS} newest development versions stay. Releases stay.",
        "At AWS's list prices, in USD:\n",
        table(("what", "stored at most", "a month"), _stored()),
        f"Assumed: {BUILDS} builds of branches a day of {IMAGE_GB} GB each, with no layer in common, and {PACKAGES} "
        f"packages of {WHEEL_MB} MB.",
        f"Without expiry, the images would grow by {BUILDS * IMAGE_GB * DAYS_A_MONTH:,.0f} GB a month, which costs "
        f"{_money(BUILDS * IMAGE_GB * DAYS_A_MONTH * ECR_GB_MONTH)} more each month.",
    ]


def _stored() -> list[list[str]]:
    """Return what branches store once nothing grows any more, and what it costs."""
    images = BUILDS * IMAGE_GB * EXPIRES["dev/"]
    wheels = PACKAGES * KEPT_VERSIONS * WHEEL_MB / 1000
    return [
        ["images of branches, in ECR", f"{images:,.0f} GB", _money(images * ECR_GB_MONTH)],
        ["development versions, in CodeArtifact", f"{wheels:,.0f} GB", _money(wheels * CODEARTIFACT_GB_MONTH)],
    ]


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

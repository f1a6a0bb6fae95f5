"""`rnd runners recommend`: the cheapest policy for a wanted wait."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from rnd.errors import ExitCode, UsageError
from rnd.options import select

if TYPE_CHECKING:
    import argparse

    from rnd.runners.simulation.experiment import Experiment
    from rnd.runners.simulation.recommendation import Recommendation

UNITS = {"s": 1, "min": 60, "h": 3600}


def read_duration(text: str) -> float:
    """Return a duration in seconds, given as in `90s`, `10min` or `1.5h`.

    Raises:
        UsageError: It is not one.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h)", text)
    if found is None:
        raise UsageError(f"{text!r} is not a duration.", "Give a number and s, min or h, as in 10min.")
    return float(found[1]) * UNITS[found[2]]


def run(options: argparse.Namespace) -> int:
    """Report the cheapest policy of each class under which 95% of its jobs wait no longer than wanted."""
    from rnd import report
    from rnd.organisation import load_organisation
    from rnd.runners.simulation.options import SimulationOptions, read_experiments
    from rnd.runners.simulation.recommendation import recommend

    wanted = read_duration(options.p95)
    runners = load_organisation().runners
    experiments = read_experiments(select(SimulationOptions, options), runners)
    found = {one.name: recommend(one, wanted) for one in experiments}
    if options.json:
        classes = {one.name: _document(one, found[one.name]) for one in experiments}
        report.print_json({"p95_wanted": wanted, "currency": runners.prices.currency, "classes": classes})
    else:
        heads = ("class", "machines", "wait p50", "p95", f"{runners.prices.currency} a month", "today")
        report.print_table(heads, [_row(one, found[one.name]) for one in experiments])
    return ExitCode.DONE if all(found.values()) else ExitCode.FAILED


def _row(experiment: Experiment, found: Recommendation | None) -> tuple[str, ...]:

    now = experiment.metrics()
    today = f"{experiment.policy}: p95 {format_duration(now.waits.p95)}, {now.cost_month:,.0f}"
    if found is None:
        return experiment.name, "none is enough", "", "", "", today
    waits, cost = found.metrics.waits, f"{found.metrics.cost_month:,.0f}"
    return experiment.name, str(found.policy), format_duration(waits.p50), format_duration(waits.p95), cost, today


def _document(experiment: Experiment, found: Recommendation | None) -> dict[str, object]:
    today = {"policy": str(experiment.policy), **asdict(experiment.metrics())}
    if found is None:
        return {"recommended": None, "today": today}
    policy = found.policy
    numbers = {"always_on": policy.always_on, "business_hours_extra": policy.extra, "maximum": policy.maximum}
    return {"recommended": {**numbers, **asdict(found.metrics)}, "today": today}


def format_duration(seconds: float) -> str:
    """Return seconds in words."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 60 else f"{minutes / 60:.1f} h"

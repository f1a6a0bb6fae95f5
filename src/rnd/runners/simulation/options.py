"""Build experiments from command line options and org.yml. Reads the list of jobs, if one is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rnd.errors import UsageError
from rnd.organisation import Runners
from rnd.runners.errors import JobListInvalid, LoadImpossible, PolicyImpossible
from rnd.runners.simulation.experiment import Experiment
from rnd.runners.simulation.job_list import read_job_list
from rnd.runners.simulation.load import DAY, Load, describe_jobs
from rnd.runners.simulation.policy import Policy, Timing, machine_hour

if TYPE_CHECKING:
    from collections.abc import Sequence

    Given = Sequence[tuple[str | None, str]]

# A year with both daylight saving changes. Fixed, so that results do not depend on the current date.
BEGIN = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
LONGEST = 3660  # days
MOST_JOBS = 10_000_000
MOST_FROM_ZERO = 100  # machines
SHORTEST = 3600.0  # seconds of a replay; a shorter one would be extrapolated too far to a month
POLICY = ("always_on", "business_hours_extra", "maximum")
LOAD = {  # option: field
    "jobs_per_day": "jobs_per_day",
    "job_minutes": "minutes",
    "durations": "shape",
    "spread": "spread",
    "burst": "burst",
    "outside": "outside",
}


@dataclass(frozen=True)
class SimulationOptions:
    """The options of `rnd runners simulate`, as text. A `Given` has pairs of a class, or None for all, and a value.

    Attributes:
        classes: The selected classes; None for all.
        always_on: Machines that always run.
        business_hours_extra: Additional machines in business hours.
        maximum: Most machines.
        timezone: IANA time zone of the business hours.
        business_days: The days with business hours.
        business_hours: Start and end of the business hours.
        boot_minutes: Minutes until a new machine accepts jobs.
        idle_minutes: Minutes until an idle machine stops.
        pickup_seconds: Seconds from the assignment of a job to its first step.
        from_zero: Machines that are launched together where there is none.
        warm_up_minutes: Minutes between two launches.
        jobs: A file with recorded jobs to replay.
        jobs_per_day: Jobs per day, on average over the week.
        job_minutes: Mean duration of a job.
        durations: The shape of the durations.
        spread: Standard deviation by mean of lognormal durations.
        burst: Mean number of jobs that a push queues together.
        outside: Share of the jobs outside business hours.
        period: Days to simulate.
        seed: Seed of the generated jobs.
    """

    classes: Sequence[str] | None
    always_on: Given
    business_hours_extra: Given
    maximum: Given
    timezone: str | None
    business_days: str | None
    business_hours: str | None
    boot_minutes: str | None
    idle_minutes: str | None
    pickup_seconds: str | None
    from_zero: str | None
    warm_up_minutes: str | None
    jobs: str | None
    jobs_per_day: Given
    job_minutes: Given
    durations: Given
    spread: Given
    burst: Given
    outside: Given
    period: str
    seed: str


def read_experiments(options: SimulationOptions, shipped: Runners) -> list[Experiment]:
    """Return one experiment for each selected class.

    Args:
        options: What the user chooses.
        shipped: The machines in org.yml; options override them.

    Raises:
        RndError: An option is invalid.
    """
    names = options.classes or list(shipped.classes)
    for name in [*names, *_named(options)]:
        if name not in shipped.classes:
            raise UsageError(f"The class {name} is not in org.yml; choose one of: {', '.join(shipped.classes)}.")
    runners = _amend(options, shipped, names)
    timing = _timing(options)
    if options.jobs is not None:
        return _replayed(Path(options.jobs), runners, names, timing)
    return [_described(options, runners, name, timing) for name in names]


def _named(options: SimulationOptions) -> list[str]:
    """Return the classes named in options such as `--maximum CLASS=N`."""
    return [name for option in (*POLICY, *LOAD) for name, _ in getattr(options, option) if name is not None]


def _given(given: Given, name: str) -> str | None:
    """Return the value of an option for a class: the last one for this class, else the last one for all."""
    values = dict(given)
    return values.get(name, values.get(None))


def _amend(options: SimulationOptions, shipped: Runners, names: Sequence[str]) -> Runners:
    """Return the machines of org.yml with the options applied and validated."""
    data: dict[str, Any] = shipped.model_dump()
    for name in names:
        for option in POLICY:
            if (value := _given(getattr(options, option), name)) is not None:
                data["classes"][name][option] = _whole_number(option, value)
    if options.timezone is not None:
        data["timezone"] = options.timezone
    if options.business_days is not None:
        data["business_hours"]["days"] = options.business_days
    if options.business_hours is not None:
        data["business_hours"]["start"], _, data["business_hours"]["end"] = options.business_hours.partition("-")
    try:
        return Runners.model_validate(data)
    except ValidationError as error:
        raise PolicyImpossible("\n".join(dict.fromkeys(map(_fault, error.errors())))) from error


def _fault(fault: Any) -> str:  # noqa: ANN401 - pydantic's own type is not public
    place = ".".join(map(str, fault["loc"]))
    reason = str(fault.get("ctx", {}).get("error", fault["msg"]))
    said = "" if fault["type"] == "value_error" else f" is {fault['input']!r}"
    return f"{place}{said}: {reason[:1].lower()}{reason[1:]}."


def _number(option: str, said: str, refused: type[Exception]) -> float:
    try:
        return float(said)
    except ValueError:
        raise refused(f"--{option.replace('_', '-')} takes a number, not {said!r}.") from None


def _whole_number(option: str, said: str) -> int:
    if not said.removeprefix("-").isdecimal():
        raise PolicyImpossible(f"--{option.replace('_', '-')} takes a whole number, not {said!r}.")
    return int(said)


def _timing(options: SimulationOptions) -> Timing:
    usual = Timing()
    seconds = []
    for option, unit, default in (
        ("boot_minutes", 60, usual.boot),
        ("idle_minutes", 60, usual.idle),
        ("pickup_seconds", 1, usual.pickup),
        ("warm_up_minutes", 60, usual.warm_up),
    ):
        said = getattr(options, option)
        value = default if said is None else _number(option, said, PolicyImpossible) * unit
        if not 0 <= value <= LONGEST * DAY:
            raise PolicyImpossible(f"--{option.replace('_', '-')} must be 0 or more, not {said}.")
        seconds.append(value)
    boot, idle, pickup, warm_up = seconds
    from_zero = usual.from_zero if options.from_zero is None else _whole_number("from_zero", options.from_zero)
    if not 1 <= from_zero <= MOST_FROM_ZERO:
        raise PolicyImpossible(f"--from-zero must be from 1 to {MOST_FROM_ZERO}, not {from_zero}.")
    return Timing(boot, idle, pickup, from_zero, warm_up)


def _policy(runners: Runners, name: str, timing: Timing) -> Policy:
    wanted = runners.classes[name]
    return Policy(
        wanted.always_on,
        wanted.business_hours_extra,
        wanted.maximum,
        runners.business_hours,
        runners.timezone,
        timing,
    )


def _described(options: SimulationOptions, runners: Runners, name: str, timing: Timing) -> Experiment:
    values: dict[str, Any] = {}
    for option, field in LOAD.items():
        if (said := _given(getattr(options, option), name)) is not None:
            values[field] = said if field == "shape" else _number(option, said, LoadImpossible)
    days = _number("period", options.period, LoadImpossible)
    if not 1 <= days <= LONGEST:
        raise LoadImpossible(f"--period must be from 1 to {LONGEST} days, not {options.period}.")
    if values.get("jobs_per_day", 0) * days > MOST_JOBS:
        raise LoadImpossible(f"{name}: a simulation takes at most {MOST_JOBS} jobs; lower --jobs-per-day or --period.")
    load, policy, end = Load(**values), _policy(runners, name, timing), BEGIN + days * DAY
    # The class is part of the seed, so that adding a class does not change the jobs of the others.
    jobs = list(describe_jobs(load, policy.hours, policy.timezone, BEGIN, end, f"{options.seed}:{name}"))
    if not jobs:
        raise LoadImpossible(f"{name}: the load is so low that no job is queued in {options.period} days.")
    return Experiment(name, policy, jobs, BEGIN, end, machine_hour(runners.classes[name], runners.prices))


def _replayed(path: Path, runners: Runners, names: Sequence[str], timing: Timing) -> list[Experiment]:
    listed = read_job_list(path)
    begin = listed.rows[0].job.created
    end = max(row.job.created + row.waited + row.job.seconds for row in listed.rows)
    end = max(end, begin + SHORTEST)
    by_class = listed.by_class(runners.classes)
    experiments = []
    for name in names:
        wanted, rows = runners.classes[name], by_class[name]
        if rows:
            jobs, reported = [row.job for row in rows], [row.waited for row in rows]
            hourly = machine_hour(wanted, runners.prices)
            experiments.append(Experiment(name, _policy(runners, name, timing), jobs, begin, end, hourly, reported))
    if not experiments:
        labels = "; ".join(f"{name}: {', '.join(runners.classes[name].labels)}" for name in names)
        raise JobListInvalid(f"{path}: no job requests the labels of a class ({labels}).")
    return experiments

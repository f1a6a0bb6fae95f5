"""`rnd runners …`: synthesise the stacks, simulate policies, build base images."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rnd.commands.base_image import configure_base_image
from rnd.options import add_json_option, select

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from rnd.options import Parser
    from rnd.runners.simulation.experiment import Experiment
    from rnd.runners.simulation.metrics import Metrics, Waits
    from rnd.runners.stack.deployment import MachineClass

DAY = 86_400  # seconds
SIMULATE = """\
An option with [CLASS=]N applies to every class, or with CLASS= to one: --maximum 8 --maximum research-gpu=4."""


def configure(parser: Parser) -> None:
    """Define the commands of `rnd runners`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def configure_simulate(parser: Parser) -> None:
    """Define the arguments of `rnd runners simulate`."""
    parser.epilog = SIMULATE
    parser.add_argument(
        "--class", dest="classes", metavar="CLASS", action="append", help="only this class of org.yml; may be repeated"
    )
    _add_policy(parser.add_argument_group("policy, where it differs from org.yml"))
    _add_load(parser.add_argument_group("load"))
    parser.add_argument("--plot", metavar="FILE", help="write a plot of wait against cost to FILE, .png or .svg")
    add_json_option(parser)
    parser.set_defaults(run=simulate)


def _add_policy(group: argparse._ArgumentGroup) -> None:
    _add_of_class(group, "--always-on", "N", "machines that always run")
    _add_of_class(group, "--business-hours-extra", "N", "additional machines in business hours")
    _add_of_class(group, "--maximum", "N", "most machines under load")
    group.add_argument("--timezone", metavar="ZONE", help="IANA time zone of the business hours")
    group.add_argument("--business-days", metavar="DAYS", help="Mon-Fri, Mon-Sat or Mon-Sun")
    group.add_argument("--business-hours", metavar="HH:MM-HH:MM", help="local time")
    group.add_argument("--boot-minutes", metavar="N", help="until a new machine accepts jobs; by default 4")
    group.add_argument("--idle-minutes", metavar="N", help="until an idle machine stops; by default 15")
    group.add_argument("--from-zero", metavar="N", help="machines launched together where there is none; by default 1")
    group.add_argument("--warm-up-minutes", metavar="N", help="between two launches; by default 0")
    group.add_argument("--pickup-seconds", metavar="N", help="from assignment to a job's first step; by default 40")


def _add_load(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--jobs", metavar="FILE", help="replay these jobs, as listed by GitHub's API")
    _add_of_class(group, "--jobs-per-day", "N", "on average over the whole week; by default 200")
    _add_of_class(group, "--job-minutes", "N", "mean duration; by default 8")
    _add_of_class(group, "--durations", "SHAPE", "lognormal (the default), exponential or constant")
    _add_of_class(group, "--spread", "N", "standard deviation by mean of lognormal durations; by default 1.5")
    _add_of_class(group, "--burst", "N", "mean number of jobs that a push queues together; by default 3")
    _add_of_class(group, "--outside", "SHARE", "share of the jobs outside business hours; by default 0.1")
    group.add_argument("--period", metavar="DAYS", default="365", help="days to simulate; by default 365")
    group.add_argument("--seed", metavar="TEXT", default="1", help="seed of the generated jobs; by default 1")


def _add_of_class(group: argparse._ArgumentGroup, option: str, metavar: str, text: str) -> None:
    group.add_argument(option, metavar=f"[CLASS=]{metavar}", action="append", default=[], type=_of_class, help=text)


def _of_class(said: str) -> tuple[str | None, str]:
    name, found, value = said.rpartition("=")
    return name if found else None, value


def simulate(options: argparse.Namespace) -> int:
    """Simulate each class and print waits and costs."""
    from pathlib import Path

    from rnd import report
    from rnd.organisation import load_organisation
    from rnd.runners.simulation import plot
    from rnd.runners.simulation.options import SimulationOptions, read_experiments

    if options.plot is not None:
        plot.check_plot_file(Path(options.plot))
    runners = load_organisation().runners
    experiments = read_experiments(select(SimulationOptions, options), runners)
    metrics = {experiment.name: experiment.metrics() for experiment in experiments}
    if options.plot is not None:
        panels = {
            experiment.name: plot.Panel(experiment.policy, experiment.around(), _load(experiment))
            for experiment in experiments
        }
        plot.draw(panels, runners.prices.currency, Path(options.plot))
    if options.json:
        report.print_json(_document(experiments, metrics, runners.prices.currency))
    else:
        heads = ("class", "machines", "jobs", "wait p50", "p95", "p99", f"{runners.prices.currency} a month", "idle")
        report.print_table(heads, list(_rows(experiments, metrics)))
    return 0


def _load(experiment: Experiment) -> str:
    days = (experiment.end - experiment.begin) / DAY
    minutes = sum(job.seconds for job in experiment.jobs) / len(experiment.jobs) / 60
    return f"{len(experiment.jobs):,} jobs in {days:,.0f} days, {minutes:.0f} minutes on average"


def _rows(experiments: Sequence[Experiment], metrics: Mapping[str, Metrics]) -> Iterator[tuple[str, ...]]:
    for experiment in experiments:
        found = metrics[experiment.name]
        cost, idle = f"{found.cost_month:,.0f}", f"{found.idle_share:.0%}"
        yield experiment.name, str(experiment.policy), f"{found.jobs:,}", *_in_words(found.waits), cost, idle
        if reported := experiment.reported_waits():
            yield "", "as measured", "", *_in_words(reported), "", ""
    if len(experiments) > 1:
        yield "all", "", "", "", "", "", f"{sum(found.cost_month for found in metrics.values()):,.0f}", ""


def _in_words(waits: Waits) -> tuple[str, str, str]:
    from rnd.commands.recommend import format_duration

    return format_duration(waits.p50), format_duration(waits.p95), format_duration(waits.p99)


def _document(experiments: Sequence[Experiment], metrics: Mapping[str, Metrics], currency: str) -> dict[str, object]:
    classes = {
        experiment.name: {
            "policy": _policy(experiment),
            **asdict(metrics[experiment.name]),
            "reported_waits": asdict(reported) if (reported := experiment.reported_waits()) else None,
        }
        for experiment in experiments
    }
    total = sum(found.cost_month for found in metrics.values())
    return {"classes": classes, "cost_month": total, "currency": currency, "unit_of_waits": "seconds"}


def _policy(experiment: Experiment) -> dict[str, object]:
    policy = experiment.policy
    return {
        "always_on": policy.always_on,
        "business_hours_extra": policy.extra,
        "maximum": policy.maximum,
        "timezone": policy.timezone,
        "business_hours": policy.hours.model_dump(),
        "boot_seconds": policy.timing.boot,
        "idle_seconds": policy.timing.idle,
        "pickup_seconds": policy.timing.pickup,
    }


def configure_synth(parser: Parser) -> None:
    """Define the arguments of `rnd runners synth`."""
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="write the cloud assembly for `cdk deploy --app FOLDER`; by default it is only checked",
    )
    add_json_option(parser)
    parser.set_defaults(run=synth)


def synth(options: argparse.Namespace) -> int:
    """Synthesise and check the stacks, and print the planned resources."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from rnd import report
    from rnd.organisation import load_organisation
    from rnd.runners.stack.deployment import count_resources, machine_classes
    from rnd.runners.stack.synthesis import synthesise

    with TemporaryDirectory(prefix="rnd-runners-") as folder:
        templates = synthesise(load_organisation(), Path(options.output or folder)).templates
    classes = [one for template in templates.values() for one in machine_classes(template)]
    resources = count_resources(templates)
    if options.json:
        kinds = [dict(zip(("stack", "type", "number", "purpose"), row, strict=True)) for row in resources]
        report.print_json({"classes": [asdict(one) for one in classes], "resources": kinds, "output": options.output})
        return 0
    heads = ("class", "instances", "disk", "always on", "from then on, at least", "at most")
    report.print_table(heads, [_class_row(one) for one in classes])
    report.print_table(
        ("stack", "resource", "number", "is for"), [(*row[:2], str(row[2]), row[3]) for row in resources]
    )
    return 0


def _class_row(one: MachineClass) -> tuple[str, ...]:
    from rnd.runners.stack.deployment import in_words

    disk = f"{one.disk_gb} GB{', encrypted' if one.encrypted else ''}"
    schedules = "; ".join(f"{in_words(cron)} {timezone}: {machines}" for cron, timezone, machines in one.schedules)
    return one.name, ", ".join(one.instances), disk, str(one.always_on), schedules, str(one.maximum)


def configure_recommend(parser: Parser) -> None:
    """Define the arguments of `rnd runners recommend`."""
    from rnd.commands import recommend

    parser.epilog = SIMULATE
    parser.add_argument(
        "--p95", metavar="WAIT", required=True, help="wait that 95%% of the jobs stay under: 90s, 10min or 1h"
    )
    parser.add_argument(
        "--class", dest="classes", metavar="CLASS", action="append", help="only this class of org.yml; may be repeated"
    )
    _add_policy(parser.add_argument_group("policy of today, where it differs from org.yml"))
    _add_load(parser.add_argument_group("load"))
    add_json_option(parser)
    parser.set_defaults(run=recommend.run)


SUBCOMMANDS = {
    "synth": ("synthesise and check the AWS stacks of org.yml", configure_synth),
    "base-image": ("build and push the images that jobs run in", configure_base_image),
    "recommend": ("find the cheapest policy for a wanted wait", configure_recommend),
    "simulate": ("simulate waiting time against cost for a policy", configure_simulate),
}

"""The function that measures how long the oldest job waits, and the alarm on it, over a replayed day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rnd.organisation import load_organisation
from rnd.runners.simulation.load import Load, describe_jobs
from rnd.runners.simulation.model import simulate
from rnd.runners.simulation.policy import Policy
from rnd.runners.stack.job_age import NAMESPACE, OLDEST, waiting

if TYPE_CHECKING:
    from tests.helpers.stacks import Stacks

MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def execution(name: str, queued: datetime) -> dict[str, Any]:
    return {"name": name, "startDate": queued}


def task(name: str, started: datetime | None) -> dict[str, Any]:
    variables = [{"name": "LABEL", "value": "research"}, {"name": "RUNNER_NAME", "value": name}]
    found: dict[str, Any] = {"overrides": {"containerOverrides": [{"environment": variables}]}}
    return found | ({} if started is None else {"startedAt": started})


def test_only_jobs_without_a_running_task_wait() -> None:
    now = MONDAY + timedelta(hours=1)
    executions = [execution("runs", MONDAY), execution("waits", now - timedelta(minutes=20)), execution("new", now)]
    tasks = [task("runs", MONDAY), task("waits", None), {"overrides": {}}]
    assert waiting(executions, tasks, now) == 20
    assert waiting(executions[:1], tasks, now) == 0


def replay(*, stuck: datetime | None) -> list[tuple[datetime, float]]:
    """Return what is measured every five minutes of a working day of 150 jobs, one of which may get no machine."""
    runners = load_organisation().runners
    wanted = runners.classes["research"]
    policy = Policy(wanted.always_on, wanted.business_hours_extra, wanted.maximum, runners.business_hours, "UTC")
    begin, end = MONDAY.timestamp(), (MONDAY + DAY).timestamp()
    jobs = list(describe_jobs(Load(jobs_per_day=150), policy.hours, "UTC", begin, end, "one day"))
    starts = simulate(jobs, policy, begin, end).starts
    spans = [(job.created, start, start + job.seconds) for job, start in zip(jobs, starts, strict=True)]
    if stuck is not None:
        spans.append((stuck.timestamp(), end, end))
    measured = []
    for minutes in range(0, 24 * 60, 5):
        now = MONDAY + timedelta(minutes=minutes)
        there = [(str(number), *span) for number, span in enumerate(spans) if span[0] <= now.timestamp() < span[2]]
        executions = [execution(name, datetime.fromtimestamp(queued, UTC)) for name, queued, _, _ in there]
        tasks = [task(name, MONDAY if start <= now.timestamp() else None) for name, _, start, _ in there]
        measured.append((now, waiting(executions, tasks, now)))
    return measured


def fires(measured: list[tuple[datetime, float]], stacks: Stacks) -> datetime | None:
    """Return when the alarm of the stack goes off, as CloudWatch evaluates it."""
    (alarm,) = (one for one in stacks.of_type("AWS::CloudWatch::Alarm").values() if one.get("MetricName") == OLDEST)
    assert (alarm["Namespace"], alarm["Statistic"], alarm["Period"]) == (NAMESPACE, "Maximum", 300)
    assert alarm["TreatMissingData"] == "breaching"
    over = 0
    for moment, minutes in measured:
        over = over + 1 if minutes > alarm["Threshold"] else 0
        if over >= alarm["EvaluationPeriods"]:
            return moment
    return None


def test_one_stuck_job_is_reported_within_the_hour(stacks: Stacks) -> None:
    queued = MONDAY + timedelta(hours=11)
    reported = fires(replay(stuck=queued), stacks)
    assert reported is not None
    assert queued < reported <= queued + timedelta(hours=1)


def test_a_busy_day_reports_nothing(stacks: Stacks) -> None:
    assert fires(replay(stuck=None), stacks) is None


def test_a_job_is_tried_for_as_long_as_github_keeps_it(stacks: Stacks) -> None:
    """60 attempts, each of 10 to 30 minutes, with 7.5 minutes between them on average."""
    (machine,) = stacks.of_type("AWS::StepFunctions::StateMachine").values()
    assert '"MaxAttempts":60' in "".join(
        part for part in machine["DefinitionString"]["Fn::Join"][1] if isinstance(part, str)
    )

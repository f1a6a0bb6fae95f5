"""Reports about plans and about what was applied. Returns text; only `tell` prints."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rnd.errors import ExitCode
from rnd.fleet.plan_file import Cost, cost
from rnd.fleet.report import failures, header, reason, remarks, repositories
from rnd.fleet.update.report import next_tick_lines
from rnd.report import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rnd.fleet.plan_file import FleetPlan
    from rnd.fleet.results import Outcome, Results
    from rnd.fleet.update.report import NextTick
    from rnd.fleet.view import View
    from rnd.github.settings.diff import Change

LISTED = 50  # lines about single repositories
WORDS = {
    "applied": "applied",
    "done": "in order already",
    "left-out": "left out",
    "failed": "failed",
    "not-reached": "not reached",
}


def as_text(
    view: View, plan: FleetPlan, file: str | None, tick: NextTick | None = None, only: str | None = None
) -> str:
    """Return a plan, grouped by change, with what applying it takes.

    Args:
        view: The fleet.
        plan: The changes of settings.
        file: Where the plan is written.
        tick: What the next tick of the update pull requests does.
        only: The only part to show: `settings`, `template` or `workflows`.
    """
    lines = [f"Plan for {header(view)}. Nothing has been changed."]
    if only in {None, "settings"}:
        lines += ["", *_settings(plan, file)]
    if only == "workflows" or (only is None and _other_refs(view)):
        lines += ["", f"  {_workflows(view)}"]
    if tick is not None and (only == "template" or tick.counts):
        lines += ["", *(f"  {line}" for line in next_tick_lines(tick))]
    for remark in remarks(view) if only in {None, "settings"} else ():
        lines += ["", f"  {remark}"]
    lines += _unreadable(view)
    return "\n".join(lines)


def _settings(plan: FleetPlan, file: str | None) -> list[str]:
    if not plan.repositories:
        return ["  Nothing to do: all settings that were read are as in org.yml."]
    lines = [f"  {change} in {repositories(count)}" for change, count in grouped(plan)]
    lines += ["", f"  {takes(cost(plan), len(plan.repositories))}"]
    return [*lines, f"  Apply it with `rnd fleet apply {file}`."] if file else lines


def _other_refs(view: View) -> list[str]:
    """Return the repositories whose workflows call the shared actions at another ref than they should."""
    return [one.member.name for one in view.changeable if one.calls_another(view.workflow_ref)]


def _workflows(view: View) -> str:
    """Return how many workflows differ: they are files, so only a pull request changes them."""
    count = len(_other_refs(view))
    if not count:
        return "All workflows that were read call the shared actions at the ref of their ring."
    return (
        f"The workflows of {repositories(count)} call the shared actions at another ref than org.yml has. "
        "The next update pull request of each changes that."
    )


def differs(view: View, plan: FleetPlan, tick: NextTick | None, only: str | None) -> bool:
    """Return whether a plan, or the only part of it that is shown, changes something."""
    parts = {
        "settings": bool(plan.repositories) or any(one.lacking for one in view.repositories),
        "workflows": bool(_other_refs(view)),
        "template": tick is not None and bool(tick.counts),
    }
    return any(parts.values()) if only is None else parts[only]


def grouped(plan: FleetPlan) -> list[tuple[Change, int]]:
    """Return each change with the number of repositories, the most frequent first."""
    return Counter(one.change for repository in plan.repositories for one in repository.changes).most_common()


def takes(needed: Cost, count: int) -> str:
    """Return what applying a plan takes."""
    writes = f"{needed.writes:,} {'write' if needed.writes == 1 else 'writes'}"
    return f"{repositories(count)}, at most {writes} and {needed.reads:,} reads, at least {_duration(needed.seconds)}."


def _duration(seconds: int) -> str:
    return (
        f"{seconds} s" if seconds < 120 else f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
    )


def _unreadable(view: View | None) -> list[str]:
    listed = [f"  Could not be read: {one}" for one in (failures(view) if view else ())]
    return _short(["", *listed]) if listed else []


def _short(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"  … and {len(lines) - LISTED:,} more; see --json"]


def as_document(view: View, plan: FleetPlan, tick: NextTick | None = None) -> dict[str, Any]:
    """Return a plan as plain data."""
    needed = cost(plan)
    return {
        "plan": plan.model_dump(),
        "groups": [{**change._asdict(), "repositories": count} for change, count in grouped(plan)],
        "cost": {"writes": needed.writes, "reads": needed.reads, "seconds": needed.seconds},
        "workflows": _other_refs(view),
        "updates": {"counts": dict(tick.counts), "cost": tick.cost} if tick is not None else None,
        "unreadable": {one.member.name: reason(one) for one in view.unreadable},
    }


def left_out_text(plan: FleetPlan, left_out: Mapping[int, str]) -> str:
    """Return what a plan file would change now."""
    kept = [one for one in plan.repositories if one.id not in left_out]
    now = plan.model_copy(update={"repositories": kept})
    lines = ["Plan from the file. Nothing has been changed.", ""]
    lines += [f"  {change} in {repositories(count)}" for change, count in grouped(now)]
    lines += [f"  left out: {one.name}: {left_out[one.id]}" for one in plan.repositories if one.id in left_out]
    return "\n".join(_short(lines))


def tell(outcome: Outcome) -> None:
    """Print an outcome to standard error, as progress."""
    note(_line(outcome))


def _line(outcome: Outcome) -> str:
    setting = f" {outcome.setting}" if outcome.setting else ""
    code = f" [{outcome.code}]" if outcome.code else ""
    return f"{outcome.name}{setting}: {WORDS[outcome.result]}{code}: {outcome.text}"


def results_text(results: Results, view: View | None) -> str:
    """Return what happened: the numbers, then what was not applied."""
    counted = results.count()
    numbers = ", ".join(f"{counted[result]:,} {word}" for result, word in WORDS.items() if result in counted)
    lines = [f"Settings of repositories: {numbers or 'all in order'}."]
    lines += _short([f"  {_line(one)}" for one in _remarkable(results.outcomes)])
    said = remarks(view) if view else ()
    return "\n".join([*lines, *(f"  {remark}" for remark in said), *_unreadable(view)])


def _remarkable(outcomes: Iterable[Outcome]) -> Iterable[Outcome]:
    return (one for one in outcomes if one.result in {"left-out", "failed"})


def results_document(results: Results, view: View | None) -> dict[str, Any]:
    """Return what happened as plain data."""
    return {
        "counts": results.count(),
        "outcomes": [
            {"name": one.name, "setting": one.setting, "result": one.result, "text": one.text, "code": one.code}
            for one in results.outcomes
        ],
        "next": results.paused.next_run if results.paused else None,
        "stopped": {"code": results.stopped.code, "message": results.stopped.message} if results.stopped else None,
        "unreadable": {one.member.name: reason(one) for one in view.unreadable} if view else {},
    }


def exit_code(results: Results, view: View | None) -> ExitCode:
    """Return the exit code for what happened."""
    counted = results.count()
    if results.stopped is not None or "failed" in counted or (view is not None and failures(view)):
        return ExitCode.FAILED
    lacking = view is not None and any(one.lacking for one in view.changeable)
    return ExitCode.DIFFERENCE if lacking or {"left-out", "not-reached"} & counted.keys() else ExitCode.DONE

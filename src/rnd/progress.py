"""A plan at work, as it is watched: on a terminal as a live list, elsewhere as one plain line for each step."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from rnd.plan import Outcome, Plan, Step, Watcher

TIME_WIDTH = len("100.0 s")
WORDS = {"done": "nothing to do", "needed": "to do", "applied": "done"}


def took(seconds: float) -> str:
    """Return a time as a person reads it, or nothing where it is too short to feel."""
    return f"{seconds:.1f} s" if seconds >= 0.05 else ""


class Quiet:
    """A watcher that says nothing."""

    def started(self, step: Step) -> None:
        """Say nothing."""

    def finished(self, outcome: Outcome) -> None:
        """Say nothing."""


class Lines:
    """A watcher that says one plain line for each finished step: for logs and pipes."""

    def started(self, step: Step) -> None:
        """Say nothing yet."""

    def finished(self, outcome: Outcome) -> None:
        """Say what became of the step."""
        took_time = took(outcome.seconds) if outcome.result == "applied" else ""
        words = ", ".join(filter(None, (outcome.evidence, took_time)))
        print(f"{outcome.step.title}: {WORDS[outcome.result]} ({words})", file=sys.stderr, flush=True)


@dataclass
class Row:
    """One line of the live list: a step and how far it is."""

    title: str
    state: Literal["waiting", "at work", "finished", "failed"] = "waiting"
    evidence: str = ""
    seconds: float = 0
    since: float = 0

    def time(self) -> str:
        """Return the time that it takes, or took, where that is worth a word."""
        return took(time.perf_counter() - self.since if self.state == "at work" else self.seconds)


class LiveList:
    """A watcher that shows every step of a plan from the start, each with a mark, its time and its evidence.

    Nothing but marks, times and evidence changes while the plan is at work, so nothing jumps.
    """

    def __init__(self, plan: Plan) -> None:
        from rich.spinner import Spinner

        self.rows = {step.key: Row(step.title) for step in plan.steps}
        self.width = max((len(row.title) for row in self.rows.values()), default=0)
        self.spinner = Spinner("dots", style="cyan")

    def started(self, step: Step) -> None:
        """Turn the spinner on the step."""
        self.rows[step.key] = Row(step.title, "at work", since=time.perf_counter())

    def finished(self, outcome: Outcome) -> None:
        """Tick the step off; what needed nothing shows no time."""
        seconds = outcome.seconds if outcome.result == "applied" else 0
        self.rows[outcome.step.key] = Row(outcome.step.title, "finished", outcome.evidence, seconds)

    def stopped(self) -> None:
        """Cross the step out that was at work when the plan stopped, if one was."""
        for row in self.rows.values():
            if row.state == "at work":
                row.state, row.seconds = "failed", time.perf_counter() - row.since

    def __rich__(self) -> Table:
        """Draw the list as it is now; a terminal that is too narrow cuts the evidence short."""
        from rich.table import Table
        from rich.text import Text

        marks: dict[str, RenderableType] = {
            "waiting": Text("·", style="dim"),
            "at work": self.spinner,
            "finished": Text("✓", style="green"),
            "failed": Text("✗", style="bold red"),
        }
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, min_width=self.width)
        table.add_column(no_wrap=True, justify="right", style="dim", min_width=TIME_WIDTH)
        table.add_column(style="dim")
        for row in self.rows.values():
            title = Text(row.title, style="dim" if row.state == "waiting" else "")
            evidence = Text(f" {row.evidence}", no_wrap=True, overflow="ellipsis")
            table.add_row(marks[row.state], title, row.time(), evidence)
        return table


@contextmanager
def live_list(plan: Plan) -> Iterator[Watcher]:
    """Show a plan's steps and how far each is: for terminals."""
    from rich.console import Console
    from rich.live import Live

    shown, console = LiveList(plan), Console(stderr=True, highlight=False)
    console.print()
    with Live(shown, console=console, refresh_per_second=12):
        try:
            yield shown
        finally:
            shown.stopped()


@contextmanager
def watcher(plan: Plan, *, quiet: bool) -> Iterator[Watcher]:
    """Choose the watcher that fits: none if quiet, a live list on a terminal, else plain lines."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        with live_list(plan) as live:
            yield live
    else:
        yield Lines()

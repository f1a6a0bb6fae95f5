"""Progress of a running plan: a live list in a terminal, elsewhere one plain line per step."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rnd.printable import printable

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TextIO

    from rich.console import RenderableType
    from rich.table import Table

    from rnd.plan import Outcome, Plan, Step, Watcher

TIME_WIDTH = len("100.0 s")
WORDS = {"done": "nothing to do", "needed": "to do", "applied": "done"}


def took(seconds: float) -> str:
    """Return a duration as text; empty below 0.05 seconds."""
    return f"{seconds:.1f} s" if seconds >= 0.05 else ""


class Quiet:
    """A watcher that prints nothing."""

    def started(self, step: Step) -> None:
        """Ignore the start of a step."""

    def finished(self, outcome: Outcome) -> None:
        """Ignore the result of a step."""


@dataclass
class Started:
    """A watcher that records which steps have started and which are done, and passes everything on to another watcher.

    Attributes:
        keys: The keys of the steps that have started.
        evidence: The evidence of the steps that are done, by key.
        then: The other watcher.
    """

    keys: set[str] = field(default_factory=set)
    evidence: dict[str, str] = field(default_factory=dict)
    then: Watcher = field(default_factory=Quiet)

    def started(self, step: Step) -> None:
        """Record the start of a step."""
        self.keys.add(step.key)
        self.then.started(step)

    def finished(self, outcome: Outcome) -> None:
        """Record and pass on the result of a step."""
        self.evidence[outcome.step.key] = outcome.evidence
        self.then.finished(outcome)


class Lines:
    """A watcher that prints one plain line per finished step, for logs and pipes."""

    def started(self, step: Step) -> None:
        """Ignore the start of a step."""

    def finished(self, outcome: Outcome) -> None:
        """Print the result of the step."""
        took_time = took(outcome.seconds) if outcome.result == "applied" else ""
        words = ", ".join(filter(None, (outcome.evidence, took_time)))
        line = f"{outcome.step.title}: {WORDS[outcome.result]} ({words})"
        print(printable(line), file=sys.stderr, flush=True)


@dataclass
class Row:
    """One line of the live list: a step and its progress."""

    title: str
    state: Literal["waiting", "running", "finished", "failed"] = "waiting"
    evidence: str = ""
    seconds: float = 0
    since: float = 0

    def time(self) -> str:
        """Return the time taken so far, as text."""
        return took(time.perf_counter() - self.since if self.state == "running" else self.seconds)


class LiveList:
    """A watcher that shows all steps of a plan from the start, each with a mark, its time and its evidence.

    While the plan runs, only marks, times and evidence change, so that lines do not move.
    """

    def __init__(self, plan: Plan) -> None:
        from rich.spinner import Spinner

        self.rows = {step.key: Row(step.title) for step in plan.steps}
        self.width = max((len(row.title) for row in self.rows.values()), default=0)
        self.spinner = Spinner("dots", style="cyan")

    def started(self, step: Step) -> None:
        """Show a spinner for the step."""
        self.rows[step.key] = Row(step.title, "running", since=time.perf_counter())

    def finished(self, outcome: Outcome) -> None:
        """Check the step off; the time is shown only if actions ran."""
        seconds = outcome.seconds if outcome.result == "applied" else 0
        self.rows[outcome.step.key] = Row(outcome.step.title, "finished", outcome.evidence, seconds)

    def stopped(self) -> None:
        """Mark the step that was running when the plan stopped, if any, as failed."""
        for row in self.rows.values():
            if row.state == "running":
                row.state, row.seconds = "failed", time.perf_counter() - row.since

    def __rich__(self) -> Table:
        """Render the current list; evidence that does not fit the terminal is truncated."""
        from rich.table import Table
        from rich.text import Text

        marks: dict[str, RenderableType] = {
            "waiting": Text("·", style="dim"),
            "running": self.spinner,
            "finished": Text("✓", style="green"),
            "failed": Text("✗", style="bold red"),
        }
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, min_width=self.width)
        table.add_column(no_wrap=True, justify="right", style="dim", min_width=TIME_WIDTH)
        table.add_column(style="dim")
        for row in self.rows.values():
            title = Text(printable(row.title), style="dim" if row.state == "waiting" else "")
            evidence = Text(printable(f" {row.evidence}"), no_wrap=True, overflow="ellipsis")
            table.add_row(marks[row.state], title, row.time(), evidence)
        return table


@contextmanager
def live_list(plan: Plan) -> Generator[Watcher]:
    """Show the progress of a plan's steps in a terminal."""
    from rich.console import Console
    from rich.live import Live

    shown, console = LiveList(plan), Console(stderr=True, highlight=False)
    console.print()
    with Live(shown, console=console, refresh_per_second=12):
        try:
            yield shown
        finally:
            shown.stopped()


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person reads a stream; nobody does in a workflow, even if its runner gives it a terminal."""
    return stream.isatty() and not os.environ.get("GITHUB_ACTIONS")


@contextmanager
def watcher(plan: Plan, *, quiet: bool) -> Generator[Watcher]:
    """Select the watcher: none if quiet, a live list in a terminal, plain lines elsewhere."""
    if quiet:
        yield Quiet()
    elif is_terminal(sys.stderr):
        with live_list(plan) as live:
            yield live
    else:
        yield Lines()

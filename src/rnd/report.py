"""What a person or a script sees: progress, plans, outcomes, tables and errors. The only caller of rich.

Progress goes to standard error: on a terminal as a live list, elsewhere as one plain line for each step. Results go
to standard output: a plan that is only shown, a table, or with --json one document.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rnd.errors import RndError
    from rnd.plan import Outcome, Plan, Step, Watcher

WORDS = {"done": "nothing to do", "needed": "to do", "applied": "done"}


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
        took = f", {outcome.seconds:.1f} s" if outcome.result == "applied" else ""
        print(
            f"{outcome.step.title}: {WORDS[outcome.result]} ({outcome.evidence}{took})", file=sys.stderr, flush=True
        )


@contextmanager
def live_list() -> Iterator[Watcher]:
    """Show a spinner on the step at work and a tick on each one that is finished: for terminals."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn

    class Live:
        def started(self, step: Step) -> None:
            self.row = progress.add_task(step.title, total=1, evidence="…")

        def finished(self, outcome: Outcome) -> None:
            took = f"  {outcome.seconds:.1f} s" if outcome.result == "applied" else ""
            progress.update(self.row, completed=1, evidence=escape(outcome.evidence + took))

    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        TextColumn("[dim]{task.fields[evidence]}"),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        yield Live()


@contextmanager
def watcher(*, quiet: bool) -> Iterator[Watcher]:
    """Choose the watcher that fits: none if quiet, a live list on a terminal, else plain lines."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        with live_list() as live:
            yield live
    else:
        yield Lines()


def carry_out(plan: Plan, *, only_show: bool, as_json: bool, quiet: bool) -> tuple[Outcome, ...]:
    """Show or apply a plan, and report it in the form that was asked for.

    Raises:
        RndError: A step failed.
    """
    if only_show:
        outcomes = plan.show(Quiet())
        if not as_json:
            print_plan(plan, outcomes)
    else:
        with watcher(quiet=quiet or as_json) as told:
            outcomes = plan.apply(told)
    if as_json:
        print_json({"goal": plan.goal, "steps": [describe(outcome) for outcome in outcomes]})
    return outcomes


def describe(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as plain data."""
    return {
        "key": outcome.step.key,
        "title": outcome.step.title,
        "result": outcome.result,
        "evidence": outcome.evidence,
        "actions": [] if outcome.result == "done" else [action.text for action in outcome.step.actions],
        "seconds": round(outcome.seconds, 3),
    }


def print_plan(plan: Plan, outcomes: Sequence[Outcome]) -> None:
    """Print what a plan would do; nothing of it has been done."""
    print(f"Plan: {plan.goal}. Nothing has been changed.")
    for outcome in outcomes:
        print(f"  {'✓' if outcome.result == 'done' else '•'} {outcome.step.title} ({outcome.evidence})")
        if outcome.result == "needed":
            for action in outcome.step.actions:
                print(f"      {action.text}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under column heads, as wide as the terminal or, elsewhere, as wide as the text."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    console.print(table, width=None if console.is_terminal else console.measure(table).maximum, crop=False)


def print_json(document: object) -> None:
    """Print one JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def print_error(error: RndError, *, as_json: bool) -> None:
    """Print what happened and what to do; with --json on standard output, as a script would read it."""
    if as_json:
        print_json({"error": {"code": error.code, "happened": error.happened, "remedy": error.remedy}})
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error", "bold red"), f"[{error.code}]: {error.happened}"))
    console.print(Text(f"  {error.remedy}"))

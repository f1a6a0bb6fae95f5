"""Output for people and scripts: plans, outcomes, tables and errors.

Progress and errors go to standard error. Results go to standard output: the plan of a dry run, a table, or one JSON
document with --json.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rnd.printable import printable
from rnd.progress import Quiet, Started, is_terminal, watcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.errors import RndError
    from rnd.plan import Outcome, Plan

WIDTH = 1000  # of a table outside a terminal


def place(folder: Path) -> str:
    """Return a folder as typed in a shell, with ~ for the home folder."""
    home = Path.home()
    if folder != home and folder.is_relative_to(home):
        return f"~/{shlex.quote(str(folder.relative_to(home)))}"
    return shlex.quote(str(folder))


@dataclass(frozen=True)
class Output:
    """What to do with a plan, and how to report it: the options that all commands with a plan share.

    Attributes:
        only_show: Show the plan instead of applying it.
        json: Report the result as JSON.
        quiet: Print errors only.
    """

    only_show: bool = False
    json: bool = False
    quiet: bool = False


def carry_out(plan: Plan, output: Output, started: Started | None = None, /, **facts: object) -> tuple[Outcome, ...]:
    """Show or apply a plan, and report the result.

    Args:
        plan: The plan.
        output: Whether to apply the plan, and how to report the result.
        started: Records the steps that the plan has started to apply, and those that are done.
        facts: Additional values for the JSON document; callables are called after the plan has been applied.

    Raises:
        RndError: A step failed.
    """
    if output.only_show:
        outcomes = plan.show(Quiet())
        if started:
            started.evidence.update({one.step.key: one.evidence for one in outcomes if one.result == "done"})
    else:
        with watcher(plan, quiet=output.quiet or output.json) as chosen:
            outcomes = plan.apply(Started(started.keys, started.evidence, chosen) if started else chosen)
    if output.json:
        known = {name: fact() if callable(fact) else fact for name, fact in facts.items()}
        print_json({"goal": plan.goal, "steps": [describe(outcome) for outcome in outcomes]} | known)
    elif output.only_show:
        print_plan(plan, outcomes)
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


def note(text: str) -> None:
    """Print a line to standard error, above the live list if there is one."""
    print(printable(text), file=sys.stderr, flush=True)


class Notes(logging.Handler):
    """Prints what the modules of `rnd` log, such as the reason for each retry, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        note(record.getMessage())


def print_log(name: str = "rnd", level: int = logging.INFO) -> None:
    """Print what a module and its submodules log from now on, at a level and above."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    logging.getLogger("rnd").handlers[:] = [Notes()]


def print_plan(plan: Plan, outcomes: Sequence[Outcome]) -> None:
    """Print what a plan would do."""
    print(printable(f"Plan: {plan.goal}. Nothing has been changed."))
    for outcome in outcomes:
        print(printable(f"  {'✓' if outcome.result == 'done' else '•'} {outcome.step.title} ({outcome.evidence})"))
        if outcome.result == "needed":
            for action in outcome.step.actions:
                print(printable(f"      {action.text}"))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under column headers, wrapped to the terminal's width; not wrapped outside a terminal.

    Without rich, as in `scripts/toolkit --bare`, the values are separated by two spaces.
    """
    if find_spec("rich") is None:
        print(*("  ".join(row) for row in (columns, *rows)), sep="\n")
        return
    if not is_terminal(sys.stdout) and (plain := _plain_table(columns, rows)) is not None:
        print(plain)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(highlight=False, width=None if is_terminal(sys.stdout) else WIDTH).print(table)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """Return a table as rich prints it in a log, without importing rich; None if only rich knows the widths."""
    cells = [tuple(columns), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    width = sum(widths) + 3 * len(widths) + 1
    coloured = any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))
    is_simple = all(cell.isascii() and cell.isprintable() for row in cells for cell in row)
    if coloured or not is_simple or width > WIDTH or not sys.stdout.encoding.lower().startswith("utf"):
        return None
    head, *lines = [
        f"  {'   '.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))}  " for row in cells
    ]
    return "\n".join((" " * width, head, f" {'─' * (width - 2)} ", *lines, " " * width))


def print_json(document: object) -> None:
    """Print one JSON document; where the encoding is not UTF-8, with other characters as JSON escapes."""
    is_utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(document, indent=2, ensure_ascii=not is_utf_8))


def print_error(error: RndError, *, as_json: bool) -> None:
    """Print an error and its hint; with --json as one document on standard output."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        return
    if find_spec("rich") is None:
        note(f"error[{error.code}]: {error.message}\n  {error.hint}")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error", "bold red"), printable(f"[{error.code}]: {error.message}")))
    console.print(Text(printable(f"  {error.hint}")))

"""Damaged inputs: what each of them led to, counted, and printed at the end of a run.

An input may be accepted or refused with an error of the catalogue. Everything else fails the test: another exception, a
hang, or a file that was written although the input was refused. A hang is measured in seconds of the processor, which
the load of the machine does not change. An input that waits without using it ends by the time limit of pytest.
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rnd.errors import RndError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

KEY = "damaged inputs"
LEAST = 5000  # in a whole run
PROCESSOR = 5.0  # seconds for one input


class Hang(BaseException):
    """An input took too long; not an `Exception`, so that no reader catches it."""


class HalfWritten(AssertionError):
    """Some files were written and others not, or a file was written although the input was refused."""


@contextmanager
def deadline(processor: float = PROCESSOR) -> Generator[None]:
    """Raise `Hang` after some seconds of the processor."""

    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, processor)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass
class Tally:
    """What the inputs of one reader led to.

    Attributes:
        longest: Seconds of the processor of one input, at most.
    """

    reader: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    unexpected: int = 0
    hangs: int = 0
    half_written: int = 0
    longest: float = 0.0

    def attempt(
        self,
        read: Callable[[], object],
        refusals: tuple[type[BaseException], ...] = (RndError,),
        *,
        folder: Path | None = None,
        writes: bool = False,
    ) -> None:
        """Read an input.

        Args:
            read: Raises `HalfWritten` if it has written one file and not the other.
            refusals: The errors that refuse an input.
            folder: Whose files must stay as they are, unless the input is accepted and `writes`.
            writes: Whether an accepted input changes files.

        Raises:
            Hang: It took too long.
            HalfWritten: The files of the folder have changed.
        """
        self.inputs += 1
        try:
            self._attempt(read, refusals, folder, writes=writes)
        except BaseException as error:
            error.add_note(f"input {self.inputs} of {self.reader}")
            raise

    def _attempt(
        self,
        read: Callable[[], object],
        refusals: tuple[type[BaseException], ...],
        folder: Path | None,
        *,
        writes: bool,
    ) -> None:
        before, began = _contents(folder), time.process_time()
        try:
            with deadline():
                accepted = self._is_accepted(read, refusals)
        except Hang:
            self.hangs += 1
            raise
        except HalfWritten:
            self.half_written += 1
            raise
        except Exception:
            self.unexpected += 1
            raise
        finally:
            self.longest = max(self.longest, time.process_time() - began)
        if not (accepted and writes) and _contents(folder) != before:
            self.half_written += 1
            raise HalfWritten

    def _is_accepted(self, read: Callable[[], object], refusals: tuple[type[BaseException], ...]) -> bool:
        try:
            read()
        except refusals:
            self.refused += 1
            return False
        self.accepted += 1
        return True

    def record(self) -> tuple[str, dict[str, Any]]:
        """Return it as a property of a test, which reaches the process that prints it."""
        return KEY, vars(self)  # pytest takes what it is when the test ends


def _contents(folder: Path | None) -> dict[str, bytes]:
    return {} if folder is None else {path.name: path.read_bytes() for path in folder.iterdir()}


def summary(tallies: list[Tally]) -> str:
    """Return the counts in one line."""
    total = {name: sum(getattr(one, name) for one in tallies) for name in ("inputs", "accepted", "refused")}
    wrong = {name: sum(getattr(one, name) for one in tallies) for name in ("unexpected", "hangs", "half_written")}
    longest = max(tallies, key=lambda one: one.longest)
    return (
        f"{KEY}: {total['inputs']:,} of {len(tallies)} readers, {total['accepted']:,} accepted, "
        f"{total['refused']:,} refused; {wrong['unexpected']} unexpected, {wrong['hangs']} hangs, "
        f"{wrong['half_written']} half-written; longest {longest.longest:.2f} s of a processor ({longest.reader})"
    )


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the counts, also of tests that failed."""
    groups = (terminalreporter.stats.get(name, []) for name in ("passed", "failed"))
    reports = [one for group in groups for one in group if isinstance(one, pytest.TestReport) and one.when == "call"]
    kept: list[Any] = [value for one in reports for name, value in one.user_properties if name == KEY]
    found = [Tally(**value) for value in kept]
    if found:
        wrong = any(one.unexpected or one.hangs or one.half_written for one in found)
        terminalreporter.write_line(summary(found), red=wrong)

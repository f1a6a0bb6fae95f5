"""`pytest --cost` prints the processor time of the modules that take most of it: what to make cheaper.

The time of a test is that of its process and of the programs that it started and waited for, set-up included. It
depends little on what else the machine does. A fixture that several tests share counts for the first of them. Programs
that are forked, and the server that forks them, count as programs of the test; steps of a rehearsal that are forked and
daemons do not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal.python_programs import server

if TYPE_CHECKING:
    from collections.abc import Generator

KEY = "processor time"
LEAST = 5  # seconds of a module that is printed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--cost", action="store_true", help="print the processor time of the longest modules")


class Meter:
    """Measures the time since the last measurement."""

    def __init__(self) -> None:
        self._last = 0.0
        self.read()

    def read(self) -> float:
        """Return the seconds of a processor that this process and its children have taken since the last call."""
        before, self._last = self._last, sum(os.times()[:4]) + forked()
        return self._last - before


def forked() -> float:
    """Return the seconds of the server that forks programs, and of the programs."""
    if not server.cache_info().currsize:
        return 0.0
    try:
        after_name = Path(f"/proc/{server().pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except FileNotFoundError:  # a test has killed it
        return 0.0
    return sum(map(int, after_name.split()[11:15])) / os.sysconf("SC_CLK_TCK")


METER = Meter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the time of each phase to its report, which reaches the process that prints it."""
    report = yield
    report.user_properties = [*report.user_properties, (KEY, METER.read())]
    return report


def by_module(reports: list[pytest.TestReport]) -> list[tuple[str, float]]:
    """Return the modules with their seconds, largest first."""
    found: dict[str, float] = {}
    for report in reports:
        module = report.nodeid.partition("::")[0]
        found[module] = found.get(module, 0.0) + sum(
            float(str(value)) for key, value in report.user_properties if key == KEY
        )
    return sorted(found.items(), key=lambda item: -item[1])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the modules."""
    if not terminalreporter.config.getoption("--cost"):
        return
    groups = terminalreporter.stats.values()
    found = by_module([one for group in groups for one in group if isinstance(one, pytest.TestReport)])
    terminalreporter.section("processor time")
    for module, seconds in found:
        if seconds >= LEAST:
            terminalreporter.write_line(f"{seconds:8.1f} s  {module}")
    terminalreporter.write_line(f"{sum(seconds for _, seconds in found):8.1f} s  in all")

"""The size of the fault matrix and of one creation, said at the end of a run, whichever processes the tests ran in.

A part that covers less than it counts fails the run. See `test_hosting_faults.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

KEY = "fault matrix"
CREATION = "one creation"


@dataclass(frozen=True)
class Part:
    """A part that has passed.

    Attributes:
        parts: How many there are.
        requests: Those of one creation.
        faults: What happens to each.
        whole: Cases in all parts, as this part counts them.
        cases: Those that this part has gone through.
        worlds: Different worlds that they left.
        runs: Creations that it took.
        seconds: Of a processor.
    """

    parts: int
    requests: int
    faults: int
    whole: int
    cases: int
    worlds: int
    runs: int
    seconds: float

    def record(self) -> tuple[str, dict[str, Any]]:
        """Return it as a property of a test, which reaches the process that says it."""
        return KEY, asdict(self)


def is_short(parts: list[Part]) -> bool:
    """Say whether all parts together have gone through less than one of them counts."""
    complete = bool(parts) and len(parts) == parts[0].parts
    return complete and any(sum(one.cases for one in parts) != part.whole for part in parts)


def summary(parts: list[Part]) -> str:
    """Return the size in one line."""
    first, cases = parts[0], sum(part.cases for part in parts)
    size = f"{cases} cases" if cases == first.whole else f"{cases} of {first.whole} cases"
    seen = "" if len(parts) == first.parts else f", {len(parts)} of {first.parts} parts"
    return (
        f"{KEY}: {size} over {first.requests} requests by {first.faults} faults{seen}; "
        f"different worlds: {sum(part.worlds for part in parts)}, runs: {sum(part.runs for part in parts)}, "
        f"{sum(part.seconds for part in parts):.0f} s of a processor"
    )


def measured(config: pytest.Config, key: str) -> list[Any]:
    """Return what tests that have passed have recorded; nothing in a process that only works for another."""
    reporter: TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    reports = [] if reporter is None else reporter.getreports("passed")
    return [value for report in reports for name, value in report.user_properties if name == key]


def passed(config: pytest.Config) -> list[Part]:
    """Return the parts that have passed so far."""
    return [Part(**values) for values in measured(config, KEY)]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run whose matrix has a hole."""
    if is_short(passed(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say the sizes."""
    for sentence in measured(terminalreporter.config, CREATION):
        terminalreporter.write_line(f"{CREATION}: {sentence}")
    parts = passed(terminalreporter.config)
    if parts:
        terminalreporter.write_line(summary(parts), red=is_short(parts))

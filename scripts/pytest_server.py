"""A plugin of pytest that runs tests on request, each time with one file changed: `scripts.weaken` starts it.

Starting pytest takes seconds, a fork takes milliseconds. So pytest collects all tests once, and each request is carried
out in a fork of it. The changed file is executed again there, and what other modules have imported from it is replaced.

A request is a line such as `{"file": "src/rnd/uv.py", "tests": ["tests/test_x.py::test_y"], "seconds": 60}`, and an
answer one such as `{"code": 1}`, with the exit code of pytest. `RND_PIPES` names the descriptors of both.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

PASSED, FAILED, UNUSABLE = 0, 1, 3
PIPES = "RND_PIPES"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Answer requests until there are no more, in place of running all tests."""
    requests, answers = map(int, os.environ[PIPES].split())
    with os.fdopen(requests, encoding="utf-8") as incoming, os.fdopen(answers, "w", encoding="utf-8") as outgoing:
        for line in incoming:
            request = json.loads(line)
            child = os.fork()
            if child == 0:
                os.setsid()  # so that what the tests start ends with them
                os._exit(carry_out(session, request["file"], request["tests"]))
            code = wait(child, time.monotonic() + request["seconds"])
            print(json.dumps({"code": code}), file=outgoing, flush=True)
    return True


def carry_out(session: pytest.Session, file: str | None, tests: list[str]) -> int:
    """Run tests with a changed file, until one fails, and return the code of pytest."""
    items = [item for item in session.items for test in tests if is_of(item.nodeid, test)]
    try:
        if file is not None:
            execute_again(Path(session.config.rootpath, file))
    except Exception as error:  # noqa: BLE001 - a change that cannot be executed proves nothing
        print(f"{file}: {error!r}", file=sys.stderr)
        return UNUSABLE
    if not items:
        return UNUSABLE
    reports: list[pytest.TestReport] = []
    session.config.pluginmanager.register(Reports(reports))
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if any(report.failed for report in reports):
            return FAILED
    return PASSED if any(report.passed and report.when == "call" for report in reports) else UNUSABLE


class Reports:
    """Keeps the reports of tests.

    Args:
        found: Where to.
    """

    def __init__(self, found: list[pytest.TestReport]) -> None:
        self._found = found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report."""
        self._found.append(report)


def is_of(identifier: str, test: str) -> bool:
    """Return whether a collected test is one that is meant, with any parameters."""
    return identifier == test or identifier.startswith((f"{test}[", f"{test}::"))


def execute_again(file: Path) -> None:
    """Execute a changed file in its module, and replace what other modules have of the former one."""
    if file.suffix != ".py":
        return
    for module in [one for one in sys.modules.values() if getattr(one, "__file__", None) == str(file)]:
        before = dict(vars(module))
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), vars(module))  # noqa: S102 - our own file
        replaced = {id(value): vars(module)[name] for name, value in before.items() if not name.startswith("__")}
        for other in [one for one in sys.modules.values() if one is not module]:
            replace_in(other, before, replaced)


def replace_in(module: ModuleType, before: dict[str, object], replaced: dict[int, object]) -> None:
    """Replace the values that a module has imported under their own names."""
    for name in before.keys() & vars(module).keys() if isinstance(getattr(module, "__dict__", None), dict) else ():
        if vars(module)[name] is before[name]:
            setattr(module, name, replaced.get(id(before[name]), before[name]))


def wait(child: int, until: float) -> int:
    """Return the exit code of a process; one that does not end in time is killed, and has failed."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            return code
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return FAILED
        time.sleep(0.02)

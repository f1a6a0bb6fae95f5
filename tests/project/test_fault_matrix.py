"""The size of the fault matrix is said once, by the process that all others report to, and a hole fails the run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from rnd.github.errors import GitHubRefused
from tests.helpers.creation_faults import Probe
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.creation import Creation
    from tests.helpers.github import Hosting

TESTS = """
import pytest
from tests.helpers.fault_matrix import Part

@pytest.mark.parametrize("cases", {cases})
def test_part(cases, record_property):
    record_property(*Part(parts=2, requests=4, faults=3, whole=12, cases=cases, worlds=1, runs=2, seconds=1.4).record())
"""


@pytest.mark.parametrize(
    ("cases", "processes", "code", "said"),
    [
        ([7, 5], 2, 0, "fault matrix: 12 cases over 4 requests by 3 faults; different worlds: 2, runs: 4, 3 s of a"),
        ([7, 4], 2, 1, "fault matrix: 11 of 12 cases over 4 requests by 3 faults; different worlds: 2, "),
        ([7], 0, 0, "fault matrix: 7 of 12 cases over 4 requests by 3 faults, 1 of 2 parts; different worlds: 1, "),
    ],
)
def test_it_is_said_and_a_hole_fails(cases: list[int], processes: int, code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "test_parts.py").write_text(TESTS.format(cases=cases), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n", encoding="utf-8")
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(processes),
        "-p",
        "tests.helpers.fault_matrix",
        str(tmp_path),
    )
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ended.stdout.count(said) == 1


@dataclass
class Careless:
    """A creation that goes on after a 403 to its first request, and starts a program or writes a file after others."""

    hosting: Hosting
    notes: Path

    def run(self) -> None:
        with self.hosting.client as client:
            for number in range(4):
                try:
                    client.read(lambda kit: kit.rest.users.get_authenticated())
                except GitHubRefused:
                    if number == 1:
                        subprocess.run(["true"], check=True)
                    if number == 2:
                        self.notes.write_text("refused\n")
                    if number:
                        raise


def test_a_copy_that_goes_on_does_not_count_as_ended(hosting: Hosting, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    asked = {0: ["401", "403"], 1: ["403", "cut before"], 2: ["401", "403"], 3: ["403", "cut after"]}
    seen = lambda: str(len(hosting.hub.calls))  # noqa: E731
    probe = Probe(cast("Creation", Careless(hosting, notes)), seen, notes.exists, asked)
    hosting.hub.calls.clear()
    hosting.hub.faults.append(probe)
    probe.run()
    assert probe.ended == {(0, "401"), (2, "401"), (3, "403")}
    assert len(hosting.hub.calls) == 4
    assert probe.worlds[1, "before"] != probe.worlds[3, "before"]

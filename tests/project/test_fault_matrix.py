"""The size of the fault matrix is said once, by the process that all others report to, and a hole fails the run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

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

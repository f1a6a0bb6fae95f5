"""What tests keep in memory: removed at the end, and by the next process if theirs was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import machine
from tests.helpers.machine import ROOT, quick_folder, remove_left

HOLDS = """\
import sys, time
from pathlib import Path
from tests.helpers import machine
machine.MEMORY, machine.ENOUGH = Path(sys.argv[1]), 0
with machine.quick_folder("hub") as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def test_it_is_removed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY", tmp_path)
    monkeypatch.setattr(machine, "ENOUGH", 0)
    with quick_folder("hub") as folder:
        assert folder.parent == tmp_path
    with pytest.raises(KeyboardInterrupt), quick_folder("hub"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_one_of_a_killed_process_goes_and_one_in_use_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        try:
            monkeypatch.setattr(machine, "YOUNG", -1)
            remove_left(tmp_path)
            assert folder.is_dir()
        finally:
            running.send_signal(signal.SIGKILL)
    monkeypatch.setattr(machine, "YOUNG", 600)
    remove_left(tmp_path)
    assert folder.is_dir()
    monkeypatch.setattr(machine, "YOUNG", -1)
    remove_left(tmp_path)
    assert not folder.exists()

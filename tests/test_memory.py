"""What tests keep in memory: removed at the end, and by the next process if theirs was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rnd_rehearsal import engine
from tests.helpers import memory
from tests.helpers.machine import ROOT
from tests.helpers.memory import has_room, quick_folder, remove_left

HOLDS = """\
import sys, time
from pathlib import Path
from rnd_rehearsal import engine
from tests.helpers import memory
memory.MEMORY, memory.ENOUGH = Path(sys.argv[1]), 0
with memory.quick_folder("hub") as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def test_it_is_removed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "ENOUGH", 0)
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
            monkeypatch.setattr(memory, "YOUNG", -1)
            remove_left(tmp_path)
            assert folder.is_dir()
        finally:
            running.send_signal(signal.SIGKILL)
    monkeypatch.setattr(memory, "YOUNG", 600)
    remove_left(tmp_path)
    assert folder.is_dir()
    monkeypatch.setattr(memory, "YOUNG", -1)
    remove_left(tmp_path)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("MemFree: 1 kB\nMemAvailable: 16384 kB\n", True),
        ("MemAvailable: 16383 kB\n", False),
        ("MemFree: 9 kB\n", False),
    ],
)
def test_there_is_room_while_as_much_stays_free(
    state: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text(state)
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "STATE", tmp_path / "state")
    assert has_room(8 * 2**20) is expected


def test_there_is_no_room_where_programs_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = os.statvfs(tmp_path)
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    assert has_room(0)
    closed = os.statvfs_result((*there[:8], there.f_flag | os.ST_NOEXEC, there.f_namemax))
    monkeypatch.setattr(os, "statvfs", lambda _: closed)
    assert not has_room(0)


def test_builders_of_images_keep_their_files_with_those_of_the_session() -> None:
    """In the workers of pytest-xdist too, which inherit the place."""
    given = os.environ.get(memory.ROOT)
    expected = Path(given) if given is not None and Path(given).parent == memory.MEMORY else None
    assert expected == engine.PLACE


def test_programs_make_their_folders_beside_those_of_the_session() -> None:
    """A clone that copier makes, for example; the workers of pytest-xdist and programs that tests start inherit it."""
    given = os.environ.get(memory.ROOT)
    if given is None or Path(given).parent != memory.MEMORY:
        pytest.skip("the folders of this session are on disk")
    command = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert found == tempfile.gettempdir() == os.environ["TMPDIR"]
    assert Path(found).parent == Path(given)

"""Temporary folders: removed at the end, or by the next run if theirs was killed, and by nobody else."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from rnd.staging import remove_abandoned, staging

if TYPE_CHECKING:
    from pathlib import Path


def test_an_active_folder_stays_and_an_abandoned_one_goes(tmp_path: Path) -> None:
    (tmp_path / "rnd-x-abandoned").mkdir()
    (tmp_path / "rnd-x-link").symlink_to(tmp_path)
    with staging(tmp_path, "rnd-x-") as folder:
        remove_abandoned(tmp_path, "rnd-x-")
        assert {one.name for one in tmp_path.iterdir()} == {folder.name, "rnd-x-link"}
    assert [one.name for one in tmp_path.iterdir()] == ["rnd-x-link"]


def test_a_folder_that_another_run_removes_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, removed = fcntl.flock, 0

    def late(descriptor: int, operation: int) -> None:
        nonlocal removed
        if operation == fcntl.LOCK_EX and removed < 2:
            removed += 1
            remove_abandoned(tmp_path, "rnd-x-")
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with staging(tmp_path, "rnd-x-") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert removed == 2
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_it_passes(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staging(tmp_path, "rnd-x-"):
        (tmp_path / "missing").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []

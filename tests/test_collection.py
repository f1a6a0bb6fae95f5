"""What the processes of a session do before they collect."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from tests.helpers.collection import compiled

if TYPE_CHECKING:
    from pathlib import Path


def test_others_wait_while_the_first_one_compiles(tmp_path: Path) -> None:
    stamp = tmp_path / "collected"

    def others_wait() -> bool:
        with stamp.with_suffix(".lock").open("w") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    with compiled(stamp):
        assert others_wait()
    with compiled(stamp):
        assert not others_wait()


def test_the_next_one_compiles_if_the_first_one_fails(tmp_path: Path) -> None:
    stamp = tmp_path / "collected"
    with pytest.raises(ValueError, match="an import fails"), compiled(stamp):
        raise ValueError("an import fails")
    assert not stamp.exists()
    with compiled(stamp):
        assert not stamp.exists()
    assert stamp.exists()

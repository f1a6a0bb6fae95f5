"""How a process collects the tests.

All processes import the same 2,400 modules at the same time. In a new environment, each would compile them all.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fake_github.cache import alone
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def compiled(stamp: Path) -> Generator[None]:
    """Let the first process of several compile what all of them import; the others wait for it.

    Args:
        stamp: The file that says that it is done. A lock is beside it.
    """
    if not stamp.exists():
        with alone(stamp.with_suffix(".lock")):
            if not stamp.exists():
                yield
                stamp.touch()
                return
    yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a search for garbage: all that is made here stays until the end, and is not searched later."""
    gc.disable()
    try:
        if "PYTEST_XDIST_WORKER" not in os.environ or sys.dont_write_bytecode:
            return (yield)
        locked = hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest()[:16]
        with compiled(Path(sys.prefix, f".collected-{locked}")):
            return (yield)
    finally:
        gc.freeze()
        gc.enable()

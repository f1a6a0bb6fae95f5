"""What the tests of this folder begin with."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from tests.helpers.creation import Creation, begin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.github import Hosting


@pytest.fixture
def creation(hosting: Hosting, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Creation]:
    """Begin a creation; in two of three tests, GitHub answers 404 to the first one or two reads of a new repository."""
    hosting.hub.read_delay = zlib.crc32(request.node.name.encode()) % 3
    yield begin(hosting, tmp_path / "demo")
    hosting.hub.read_delay = 0


@pytest.fixture
def owner(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in as an owner whose token shows the plan; what members can do is the same."""
    hosting.sign_in_as_owner(monkeypatch)

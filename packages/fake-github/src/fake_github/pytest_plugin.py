"""A pytest fixture: `fake_github`, a server for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_github.server import FakeGitHub


@pytest.fixture
def fake_github(tmp_path: Path) -> Iterator[FakeGitHub]:
    """Serve a fake GitHub for one test; fail the test if a request or response breaks GitHub's API description."""
    from fake_github.server import FakeGitHub

    with FakeGitHub.serve(tmp_path / "fake-github") as hub:
        yield hub
    if hub.violations:
        pytest.fail("\n".join(hub.violations))

"""What the tests of several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.helpers.repository import Repository


@pytest.fixture
def project(released: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the release 0.4.1, whose manifest says so, and with one feature since."""
    monkeypatch.chdir(released.path)
    released.manifest("0.4.1")
    released.commit("feat: a")
    return released

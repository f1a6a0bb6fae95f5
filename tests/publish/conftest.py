"""Publishing: git in these tests is the same on every machine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def plain_git(git_of_its_own: None) -> None:
    """Use no git configuration of this machine."""

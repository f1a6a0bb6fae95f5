"""The table of long modules names modules that exist."""

from __future__ import annotations

from tests.helpers.schedule import ROOT, SECONDS


def test_each_module_exists() -> None:
    assert [path for path in SECONDS if not (ROOT / path).is_file()] == []

"""What a test can see of what `rnd` logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import retry

if TYPE_CHECKING:
    import pytest


def retries(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the reason that was logged for each retry so far."""
    return [record.getMessage() for record in caplog.records if record.name == retry.logger.name]

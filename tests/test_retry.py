"""Trying again: only what may have failed by chance, within bounds, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import retry
from rnd.providers.errors import IndexRefused, IndexUnavailable
from tests.helpers.logs import retries

if TYPE_CHECKING:
    from rnd.errors import RndError


class Flaky:
    """Fails in turn with the errors given, then works."""

    def __init__(self, *errors: RndError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "result"


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting them."""
    seconds: list[float] = []
    monkeypatch.setattr("rnd.retry.time.sleep", seconds.append)
    return seconds


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_it_works_in_the_end(waited: list[float], caplog: pytest.LogCaptureFixture, failures: int) -> None:
    call = Flaky(*[IndexUnavailable("Cut.")] * failures)
    assert retry.retry(call, IndexUnavailable) == "result"
    assert tuple(waited) == retry.DELAYS[:failures]
    assert retries(caplog)[:1] == ["Cut. Trying again in 1 s (1 of 3)."][:failures]


def test_there_is_an_end() -> None:
    call = Flaky(*[IndexUnavailable("Cut.")] * 9)
    with pytest.raises(IndexUnavailable):
        retry.retry(call, IndexUnavailable)
    assert call.calls == len(retry.DELAYS) + 1


def test_a_refusal_is_final(waited: list[float]) -> None:
    call = Flaky(IndexRefused("No."))
    with pytest.raises(IndexRefused):
        retry.retry(call, IndexUnavailable)
    assert (call.calls, waited) == (1, [])

"""Clients of AWS: what they share, and what each has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import handlers

from rnd.providers import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3 import Session
    from botocore.config import Config

BUILT_IN, OWN = "of-botocore", "of-one-session"


class Handlers(list[tuple[str, Any]]):
    """What botocore registers, and how often it has done so."""

    times = 0

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        self.times += 1
        return super().__iter__()


@pytest.fixture
def called() -> list[str]:
    """The handlers that have been called, in order."""
    return []


@pytest.fixture
def registered(called: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Handlers]:
    """The handlers of botocore with one more, before any client is made; no request is sent."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    made = Handlers([*handlers.BUILTIN_HANDLERS, (BUILT_IN, lambda **_: called.append(BUILT_IN))])
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", made)
    aws.builtin_handlers.cache_clear()
    yield made
    aws.builtin_handlers.cache_clear()


def test_the_handlers_of_botocore_are_registered_once_and_called_for_each_client(
    registered: Handlers, called: list[str]
) -> None:
    for service in ("ecr", "codeartifact", "sts"):
        aws.client("eu-central-1", service).meta.events.emit(BUILT_IN)
    assert registered.times == 1
    assert called == [BUILT_IN] * 3


@pytest.mark.usefixtures("registered")
def test_a_session_has_no_handlers_of_another_one(called: list[str]) -> None:
    def make(session: Session, config: Config) -> Any:  # noqa: ANN401
        session.events.register(OWN, lambda **_: called.append(OWN))
        return session.client("sts", config=config)

    first, second = aws.connect("eu-central-1", make), aws.client("eu-central-1", "sts")
    second.meta.events.emit(OWN)
    first.meta.events.emit(OWN)
    assert called == [OWN]

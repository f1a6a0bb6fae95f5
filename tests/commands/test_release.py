"""`rnd release publish`: whose token GitHub gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli

if TYPE_CHECKING:
    from collections.abc import Mapping


class Connected(Exception):
    """GitHub would be called now."""


@pytest.mark.parametrize(
    ("given", "token"), [("of-the-app", "of-the-app"), (None, None)], ids=["with an app", "without one"]
)
def test_the_app_makes_the_release(monkeypatch: pytest.MonkeyPatch, given: str | None, token: str | None) -> None:
    asked: list[str] = []
    environs: list[Mapping[str, str]] = []

    def give(identity: str, *_: object) -> str | None:
        asked.append(identity)
        return given

    def connect(environ: Mapping[str, str], *_: object, **__: object) -> None:
        environs.append(environ)
        raise Connected

    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
    monkeypatch.setattr("rnd.ci.identity.github_token", give)
    monkeypatch.setattr("rnd.github.sign_in.connect", connect)
    cli.main(["release", "publish"])
    assert asked == ["release"]
    (environ,) = environs
    assert (environ.get("GH_TOKEN"), environ["GITHUB_TOKEN"]) == (token, "of-the-job")

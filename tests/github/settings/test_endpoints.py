"""A setting with an endpoint of its own is one module: the commands and the fleet find it by its `ENDPOINTS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.fleet import rest
from rnd.github import settings
from rnd.github.settings.endpoints import all_endpoints
from rnd.github.settings.plan import before_content, guards
from tests.helpers.settings import with_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd.github.settings.setting import RepositoryContext

MODULE = """
from rnd.github.settings.setting import Endpoint, Setting

KEYS = {"%(key)s.one": True, "%(key)s.two": 2}
ENDPOINTS = (
    Endpoint(tuple(KEYS), lambda _: Setting("%(key)s", "", KEYS, lambda: KEYS, lambda: None), %(kind)s),
)
"""


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add two modules to the package, as someone who adds a setting does."""
    for key, kind in (("house_added", ""), ("house_guard", "guard=True, of_public=False")):
        (tmp_path / f"{key}.py").write_text(MODULE % {"key": key, "kind": kind}, encoding="utf-8")
    monkeypatch.setattr(settings, "__path__", [*settings.__path__, str(tmp_path)])
    all_endpoints.cache_clear()
    yield
    all_endpoints.cache_clear()


@pytest.mark.usefixtures("added")
def test_a_module_is_all_that_a_setting_needs(context: RepositoryContext) -> None:
    assert "house_added" in [one.key for one in before_content(context)]
    assert "house_guard" in [one.key for one in guards(context)]
    assert rest.requests(["house_added.two", "house_guard.one"]) == 2
    assert rest.read(context, ["house_added.two"]) == ({"house_added.two": 2}, {})
    public = with_settings(context, visibility="public")
    assert "house_added" in [one.key for one in before_content(public)]
    assert "house_guard" not in [one.key for one in guards(public)]


def test_each_key_is_read_by_one_endpoint_and_is_one_of_its_setting(context: RepositoryContext) -> None:
    keys = [key for one in all_endpoints() for key in one.keys]
    assert len(keys) == len(set(keys)) > 7
    for one in all_endpoints():
        assert set(one.keys) <= one.setting(context).wanted.keys()

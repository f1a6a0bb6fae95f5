"""The part of a sandbox that conda needs: everybody in it gets the channel, and nobody learns its password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.answers import read_project
from rnd.environments.environment import environment_of
from rnd.organisation import load_organisation
from rnd.plan import Plan
from rnd.progress import Quiet
from rnd_rehearsal import sandbox
from rnd_rehearsal.services import Options
from tests.helpers.machine import ROOT, channel
from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Sandbox]:
    """A sandbox in which repositories are made with conda."""
    channel()
    with sandbox.start(tmp_path_factory.mktemp("sandbox"), ROOT, Options(dependency_tool="conda")) as found:
        yield found


def test_its_template_names_that_channel_alone(up: sandbox.Sandbox) -> None:
    assert up.channel is not None
    assert load_organisation(up.checkout / "org.yml").conda.channels == [up.channel.server.url]
    assert up.organisation.conda.channels == [up.channel.server.url]


@pytest.mark.slow
def test_who_works_there_is_let_in_and_leaves_no_password(
    up: sandbox.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert up.channel is not None
    for name in ("HOME", "RATTLER_CACHE_DIR", "NO_PROXY"):
        monkeypatch.setenv(name, up.environment[name])
    folder = render(TemplateRepository(up.checkout), tmp_path / "made", project_name="rover", dependency_tool="conda")
    Plan("a lock", (environment_of(read_project(folder)).lock_step(),)).apply(Quiet())
    lock = (folder / "conda-lock.yml").read_text(encoding="utf-8")
    assert up.channel.server.url in lock
    assert up.channel.server.password not in lock
    assert (up.folder / "home" / ".netrc").stat().st_mode & 0o777 == 0o600
    assert up.channel.server.password in up.secrets().values()
    assert up.channel.server.password not in "".join(up.environment.values())

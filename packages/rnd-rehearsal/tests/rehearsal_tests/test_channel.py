"""A conda channel of a rehearsal: made once, and kept until what it is made by changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnd.errors import ToolMissing
from rnd.organisation import load_organisation
from rnd_rehearsal import channel as made_channel
from rnd_rehearsal.channel import TOOLS
from tests.helpers.machine import PYTHON, RND_CACHE, channel


def names(folder: Path, platform: str) -> set[str]:
    """Return the names of the packages that a channel has for a platform."""
    said = json.loads((folder / platform / "repodata.json").read_bytes())
    return {package["name"] for kind in ("packages", "packages.conda") for package in said[kind].values()}


def test_it_is_made_once_and_has_what_a_repository_asks_for() -> None:
    folder = channel()
    made = folder.stat().st_ctime_ns
    assert made_channel.channel(Path(RND_CACHE), PYTHON) == folder
    assert folder.stat().st_ctime_ns == made
    wanted = {"python", *(tool.partition("<")[0] for tool in TOOLS)}
    for platform in load_organisation().conda.platforms:
        assert wanted <= names(folder, platform) | names(folder, "noarch")


def test_what_a_killed_run_has_left_is_not_built_upon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(folder: Path, *_: object) -> None:
        made_channel.add_noarch(folder, "greeting", "1.0", {"greeting": b"hello"})

    if made_channel.interpreter(PYTHON) is None:
        pytest.skip(f"no Python {PYTHON} that a conda package can be made of is on this machine")
    monkeypatch.setattr(made_channel, "_build", build)
    there = made_channel.channel(tmp_path, PYTHON)
    left = there.rename(tmp_path / f"{there.name}.partial")
    (left / "noarch" / "half.tar.bz2").write_bytes(b"half")
    assert made_channel.channel(tmp_path, PYTHON) == there
    assert not left.exists()
    assert names(there, "noarch") == {"greeting"}


def test_no_python_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"There is no Python 3\.99 on this machine that a conda package") as caught:
        made_channel.channel(tmp_path, "3.99")
    assert "uv python install 3.99" in caught.value.hint
    assert list(tmp_path.iterdir()) == []

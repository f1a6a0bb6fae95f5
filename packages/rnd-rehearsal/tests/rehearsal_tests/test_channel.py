"""A conda channel of a rehearsal: made once, and kept until what it is made by changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rnd import process
from rnd.cli import main
from rnd.errors import ToolMissing
from rnd.organisation import load_organisation
from rnd_rehearsal import channel as made_channel
from rnd_rehearsal.channel import TOOLS
from tests.helpers.machine import PYTHON, RND_CACHE, channel
from tests.helpers.template import asking_nothing, copy_template


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
        pytest.skip(f"no Python {PYTHON} to make a conda package of; `uv python install {PYTHON}` brings one")
    monkeypatch.setattr(made_channel, "_build", build)
    there = made_channel.channel(tmp_path, PYTHON)
    left = there.rename(tmp_path / f"{there.name}.partial")
    (left / "noarch" / "half.tar.bz2").write_bytes(b"half")
    assert made_channel.channel(tmp_path, PYTHON) == there
    assert not left.exists()
    assert names(there, "noarch") == {"greeting"}


def systems_own() -> tuple[Path, str]:
    """Return the prefix and the version of the Python that belongs to this machine's system."""
    for version in load_organisation().python.versions:
        for prefix in (Path("/usr"), Path("/usr/local")):
            if (prefix / "bin" / f"python{version}").exists() and (prefix / "lib" / f"python{version}").is_dir():
                return prefix, version
    pytest.skip("the system of this machine has no Python that the organisation offers")


@pytest.mark.slow
def test_the_systems_own_python_makes_one_that_finds_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's looks for packages in other folders, and lets pip install none."""
    prefix, version = systems_own()
    monkeypatch.setattr(made_channel, "interpreter", lambda _: prefix)
    folder = made_channel.channel(Path(RND_CACHE), version)
    template = copy_template(tmp_path / "rnd-template")
    template.use_channel(folder)
    template.release("1.1.0")
    made = tmp_path / "made"
    answers = ("--data", f"python_version={version}", "--data", "dependency_tool=conda")
    given = (*asking_nothing(template.address), *answers)
    assert main(["new", str(made), "--quiet", *given]) == 0
    python = made / ".conda" / "bin" / "python"
    asked = "import sysconfig, pytest; print(sysconfig.get_path('purelib')); print(pytest.__file__)"
    said = process.run(str(python), "-c", asked, extra={"PYTHONPATH": None}).splitlines()
    site = made / ".conda" / "lib" / f"python{version}" / "site-packages"
    assert said == [str(site), str(site / "pytest" / "__init__.py")]


def test_the_systems_own_python_is_the_last_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, version = systems_own()
    for place in ("one", "venv"):
        (tmp_path / place / "bin").mkdir(parents=True)
        (tmp_path / place / "bin" / f"python{version}").touch()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    listed = [
        {"path": str(folder / "bin" / "python3")} for folder in (Path("/usr"), tmp_path / "venv", tmp_path / "one")
    ]
    monkeypatch.setattr(process, "run", lambda *_: json.dumps(listed[:2]))
    monkeypatch.setattr(sys, "base_prefix", "/nowhere")
    found = made_channel.interpreter.__wrapped__
    assert found(version) == Path("/usr")
    monkeypatch.setattr(process, "run", lambda *_: json.dumps(listed))
    assert found(version) == tmp_path / "one"


def test_no_python_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"There is no Python 3\.99 on this machine that a conda package") as caught:
        made_channel.channel(tmp_path, "3.99")
    assert "uv python install 3.99" in caught.value.hint
    assert list(tmp_path.iterdir()) == []

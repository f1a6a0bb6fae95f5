"""What docs/how-to/fleet.md shows is what happens: its commands are run in order, on the fleet that it describes."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.organisation.fleet import Ring
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.fleet import Fleet

PAGE = (ROOT / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")


def examples() -> list[tuple[str, str]]:
    """Return each command of the page, with the output that it shows."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [
        (command, output)
        for block in blocks
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


@pytest.mark.slow
def test_the_page(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fleet.configure(rings={"all": Ring()})
    fleet.add("rnd-one")
    fleet.add("rnd-two")
    fleet.add("rnd-three", version="1.0.0")
    fleet.add("rnd-four")
    fleet.hosting.repository("rnd-two").settings["has_wiki"] = True
    fleet.hosting.repository("rnd-four").settings["archived"] = True
    capsys.readouterr()
    assert len(examples()) == 4
    for command, output in examples():
        cli.main(shlex.split(command)[1:])
        assert capsys.readouterr().out.replace(fleet.hosting.owner, "Acme") == output, command

"""The plot of wait against cost: the same points give the same file, and the one in the documentation is of today."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.errors import UsageError
from rnd.runners.simulation.metrics import Metrics, Waits
from rnd.runners.simulation.plot import Panel, best, check_plot_file, draw
from tests.helpers.machine import ROOT
from tests.helpers.policies import policy

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.runners.simulation.policy import Policy

COMMITTED = ROOT / "docs" / "simulation.svg"


def metrics(cost: float, minutes: float) -> Metrics:
    return Metrics(1, Waits(0, minutes * 30, minutes * 60, 0), cost, 0, 1)


def points() -> dict[Policy, Metrics]:
    return {
        policy(0, 1, maximum=6): metrics(100, 20),
        policy(1, 1, maximum=6): metrics(200, 10),
        policy(1, 2, maximum=6): metrics(300, 10),
        policy(1, 1, maximum=8): metrics(250, 5),
    }


def test_what_no_other_beats_in_both() -> None:
    assert best(points()) == [policy(0, 1, maximum=6), policy(1, 1, maximum=6), policy(1, 1, maximum=8)]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_points_give_the_same_file(tmp_path: Path, kind: str) -> None:
    panels = {"some": Panel(policy(1, 1, maximum=6), points())}
    paths = [tmp_path / f"{name}.{kind}" for name in ("one", "two")]
    for path in paths:
        draw(panels, "EUR", path)
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert one.startswith(b"\x89PNG" if kind == "png" else b"<?xml")
    draw({"some": Panel(policy(1, 2, maximum=6), points())}, "EUR", paths[1])
    assert paths[1].read_bytes() != one


def test_what_the_plot_says(tmp_path: Path) -> None:
    panel = Panel(policy(1, 1, maximum=6), points(), "60 jobs a day")
    draw({"some": panel}, "EUR", tmp_path / "plot.svg")
    said = re.findall(r">([^<>]+)</text>", (tmp_path / "plot.svg").read_text(encoding="utf-8"))
    for text in ("some: 1 + 1, at most 6 (circled)", "cost a month, EUR", "0 always on", "1 always on", "≤ 6", "≤ 8"):
        assert text in said
    assert "wait, minutes: p95 (dots), p50 (dashes)" in said
    assert "60 jobs a day" in said  # below the title
    numbered = len(best(points()))
    assert [text for text in said if text in {"1", "2", "3", "4"}] == [str(n + 1) for n in range(numbered)]


@pytest.mark.parametrize("name", ["plot.pdf", "plot", "none/plot.svg"])
def test_a_file_that_no_plot_can_be_written_to(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"--plot .*: (the file must end with|the folder .* does not exist)"):
        check_plot_file(tmp_path / name)


def test_the_one_in_the_documentation_is_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runners", "simulate", "--plot", str(tmp_path / "plot.svg")]) == 0
    assert capsys.readouterr().out
    assert (tmp_path / "plot.svg").read_bytes() == COMMITTED.read_bytes(), "run `make simulation`"

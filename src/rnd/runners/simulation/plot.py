"""Plot waits against cost, one panel per class, to a PNG or SVG file.

The file is reproducible: it depends on the points only, not on the machine or the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rnd.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from rnd.runners.simulation.metrics import Metrics
    from rnd.runners.simulation.policy import Policy

FORMATS = ("png", "svg")
COLOURS = ("#1f2328", "#0a7ea4", "#9a6700", "#8250df", "#1a7f37", "#d1242f")


@dataclass(frozen=True)
class Panel:
    """One class of machines.

    Attributes:
        chosen: The policy of the experiment.
        points: The metrics of each policy, including the chosen one.
        load: The jobs, in a few words.
    """

    chosen: Policy
    points: Mapping[Policy, Metrics]
    load: str = ""


def check_plot_file(path: Path) -> None:
    """Reject a file that cannot be written, before the simulation starts.

    Raises:
        UsageError: The file does not end with .png or .svg, or its folder does not exist.
        ExtraMissing: matplotlib is not installed.
    """
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise UsageError(f"--plot {path}: the file must end with .png or .svg.")
    if not path.parent.is_dir():
        raise UsageError(f"--plot {path}: the folder {path.parent} does not exist.")
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise ExtraMissing.of("runners", error.name) from error


def best(points: Mapping[Policy, Metrics]) -> list[Policy]:
    """Return the Pareto-optimal policies in cost and wait, cheapest first."""
    ordered = sorted(points, key=lambda one: (points[one].cost_month, points[one].waits.p95))
    kept: list[Policy] = []
    for policy in ordered:
        if not kept or points[policy].waits.p95 < points[kept[-1]].waits.p95:
            kept.append(policy)
    return kept


def draw(panels: Mapping[str, Panel], currency: str, path: Path) -> None:
    """Write the plot.

    Args:
        panels: The panel of each class.
        currency: The currency of the costs.
        path: A file that `check_plot_file` accepts; it is overwritten.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed ids and text elements in SVG, and matplotlib's bundled font, for reproducible files.
    with rc_context({"svg.hashsalt": "rnd", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(5.4 * len(panels), 4.4), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        for place, (name, panel) in enumerate(panels.items(), 1):
            _draw_panel(figure.add_subplot(1, len(panels), place), name, panel, currency)
        figure.supxlabel(
            "Along a line, from left to right: one machine more in business hours. "
            "Filled and numbered: no other is both cheaper and faster.",
            fontsize=8,
        )
        kind = path.suffix.lower().lstrip(".")
        metadata: dict[str, str | None] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(path, format=kind, metadata=metadata)


def _draw_panel(axes: Axes, name: str, panel: Panel, currency: str) -> None:
    chosen, points = panel.chosen, panel.points
    unbeaten = set(best(points))
    for colour, (label, policies) in zip(COLOURS, _lines(panel).items(), strict=False):
        costs, waits = _positions(points, policies)
        axes.plot(costs, waits, color=colour, linewidth=0.8, zorder=1)
        faces = [colour if policy in unbeaten else "white" for policy in policies]
        axes.scatter(costs, waits, s=26, facecolors=faces, edgecolors=colour, zorder=2)
        axes.plot([], [], color=colour, marker="o", markersize=5, linewidth=0.8, label=label)
    for places, text in _maxima(panel).items():
        axes.annotate(text, places, xytext=(9, 6), textcoords="offset points", fontsize=8)
    costs, waits = _positions(points, [chosen])
    axes.scatter(costs, waits, s=150, facecolors="none", edgecolors="#1f2328", linewidths=1.6, zorder=3)
    _draw_medians(axes, points, unbeaten)
    load = f"\n{panel.load}" if panel.load else ""
    axes.set_title(f"{name}: {chosen} (circled){load}", fontsize=10)
    axes.set_xlabel(f"cost a month, {currency}")
    axes.set_ylabel("wait, minutes: p95 (dots), p50 (dashes)")
    axes.margins(x=0.12, y=0.08)
    axes.set_ylim(bottom=0)
    axes.grid(color="#d1d9e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8)


def _draw_medians(axes: Axes, points: Mapping[Policy, Metrics], unbeaten: Collection[Policy]) -> None:
    """Draw the median wait of the best policies as dashes, and number them from the cheapest."""
    for number, policy in enumerate(sorted(unbeaten, key=lambda one: points[one].cost_month), 1):
        metrics = points[policy]
        cost, p50, p95 = metrics.cost_month, metrics.waits.p50 / 60, metrics.waits.p95 / 60
        axes.plot([cost, cost], [p50, p95], color="#8c959f", linewidth=0.6, zorder=0)
        axes.scatter([cost], [p50], marker="_", s=50, color="#1f2328", zorder=2)
        axes.annotate(str(number), (cost, p95), xytext=(-8, -11), textcoords="offset points", fontsize=7)


def _lines(panel: Panel) -> dict[str, list[Policy]]:
    """Return the policies of each line: those with the same always-on number, and the chosen one with other maxima."""
    chosen = panel.chosen
    lines = {"another maximum": [p for p in panel.points if replace(p, maximum=chosen.maximum) == chosen]}
    for policy in panel.points:
        if policy.maximum == chosen.maximum:
            lines.setdefault(f"{policy.always_on} always on", []).append(policy)
    return {label: sorted(line, key=lambda p: (p.maximum, p.extra)) for label, line in lines.items()}


def _maxima(panel: Panel) -> dict[tuple[float, float], str]:
    """Return the position of each label of a maximum; maxima with nearly equal results share a label."""
    texts: dict[tuple[float, float], str] = {}
    for policy in _lines(panel)["another maximum"]:
        (cost,), (wait,) = _positions(panel.points, [policy])
        near = next((place for place in texts if math.dist(place, (cost, wait)) < 0.02 * math.hypot(cost, wait)), None)
        texts[near or (cost, wait)] = f"{texts[near]}, {policy.maximum}" if near else f"≤ {policy.maximum}"
    return texts


def _positions(points: Mapping[Policy, Metrics], policies: Sequence[Policy]) -> tuple[list[float], list[float]]:
    found = [points[policy] for policy in policies]
    return [one.cost_month for one in found], [one.waits.p95 / 60 for one in found]

"""The analysis for people and scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rnd.printable import printable
from rnd.report import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.facts import Fact, OpenPoint
    from rnd.adopt.repository import Existing

SHOWN_ANSWERS = ("project_name", "python_version", "repository")  # the others are facts as well
LONGEST = 80  # characters of a shown value


def describe(existing: Existing, found: Analysis, answers: Mapping[str, Fact]) -> dict[str, Any]:
    """Return the analysis, and the answers to the template's questions, as plain data."""
    return {
        "repository": str(existing.root),
        "commit": existing.commit,
        "joins": not found.blocked,
        "facts": {key: {"value": fact.value, "source": fact.source} for key, fact in found.facts().items()},
        "answers": {key: {"value": fact.value, "source": fact.source} for key, fact in answers.items()},
        "workflows": [
            {
                "path": one.path,
                "purposes": {purpose: f"{one.path}:{line}" for purpose, line in sorted(one.purposes.items())},
                "stands_aside": one.stands_aside,
            }
            for one in found.workflows
        ],
        "open_points": [
            {"code": one.code, "message": one.message, "source": one.source, "blocks": one.blocks}
            for one in found.points
        ],
    }


def print_analysis(existing: Existing, found: Analysis, answers: Mapping[str, Fact], *, ran: bool = False) -> None:
    """Print the facts and answers with their sources, then what is open.

    Args:
        existing: The repository.
        found: Its analysis.
        answers: The answers to the template's questions; empty as long as a point blocks.
        ran: Whether its code was permitted to run.
    """
    code = "" if ran else ", and no code of it ran"
    print(f"{place(existing.root)} at commit {existing.commit[:7]}. Nothing has been changed{code}.\n")
    facts = found.facts()
    width = max(map(len, facts)) + 2
    for key, fact in facts.items():
        print(f"  {key:<{width}}{shown(fact)}  ({fact.source})")
    for one in found.workflows:
        if one.stands_aside:
            evidence = ", ".join(f"{purpose} in line {line}" for purpose, line in one.purposes.items())
            print(f"  {'workflow':<{width}}{printable(one.path)} is set to manual start  ({evidence})")
    _print_answers(answers, width)
    blocking = [point for point in found.points if point.blocks]
    others = [point for point in found.points if not point.blocks]
    for heading, points in (("To settle first:", blocking), ("Open points of the pull request:", others)):
        if points:
            print(f"\n{heading}")
            for point in points:
                print(f"  • {text(point)}")


def _print_answers(answers: Mapping[str, Fact], width: int) -> None:
    if answers:
        print("\nIt is rendered with:")
        for key in SHOWN_ANSWERS:
            print(f"  {key.replace('_', '-'):<{width}}{shown(answers[key])}  ({answers[key].source})")


def text(point: OpenPoint) -> str:
    """Return an open point as one line."""
    return printable(f"{point.source}: {point.message}" if point.source else point.message)


def shown(fact: Fact) -> str:
    """Return the value of a fact on one line, shortened."""
    value = fact.value
    if isinstance(value, list):
        line = ", ".join(map(str, value)) or "none"
    elif isinstance(value, dict):
        line = ", ".join(str(key) for key in value)
    else:
        line = value if isinstance(value, str) else json.dumps(value)
    line = printable(line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2]} …"

"""What the seconds of a job are spent on, from the lines that act writes. Pure; touches nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IMAGE, SOURCE, TOOLKIT, ENVIRONMENT = "base image", "checkout", "toolkit", "environment"
HOOKS, TESTS, BUILD, PUSH, OTHER = "hooks", "tests", "build", "push", "other"
KINDS = (IMAGE, SOURCE, TOOLKIT, ENVIRONMENT, HOOKS, TESTS, BUILD, PUSH, OTHER)
# What the steps of the central actions do, by their names; all others do something else.
STEPS = {
    "Provide uv where it is missing": TOOLKIT,
    "Install the project": ENVIRONMENT,
    "Install the project with packages of the organisation's own": ENVIRONMENT,
    "Run the hooks": HOOKS,
    "Run hadolint": HOOKS,
    "Run the tests": TESTS,
    "Build the wheel": BUILD,
    "Build the image from the code": BUILD,
    "Build the image from the package and push it": BUILD,
    "Push the wheel": PUSH,
    "Copy the image": PUSH,
}
EARLIER = {"Install uv where it is missing": TOOLKIT}  # in earlier versions of the actions
CHECKOUT = re.compile(r"Check out\b")
MAIN = re.compile(r"(?:Success|Failure) - Main (.*?)(?: \[[^\]]*\])?$", re.DOTALL)
# What uv says last when `uv run` has made the environment of the toolkit; what follows is the command itself.
INSTALLED = re.compile(r"Installed \d+ packages? in")
# What Docker's clients say when the image is built and the upload of its layers begins.
PUSHING = re.compile(r"The push refers to repository")


def divide(lines: Iterable[tuple[float, str]]) -> dict[str, float]:
    """Return the seconds of a job's steps, by what they are spent on.

    Args:
        lines: What act wrote, each line with the moment at which it came, in seconds.
    """
    spent: Counter[str] = Counter()
    begun: dict[tuple[str, ...], float] = {}
    marks: dict[tuple[str, ...], tuple[str, float]] = {}
    composite: set[tuple[str, ...]] = set()
    for moment, line in lines:
        entry = _entry(line)
        step = (str(entry.get("jobID")), *map(str, entry.get("stepID") or ()))
        if entry.get("stage") != "Main" or not 2 <= len(step) <= 3:
            continue
        begun.setdefault(step, moment)
        text = str(entry.get("msg", "")).strip()
        if INSTALLED.search(text) or PUSHING.search(text):
            marks[step] = (text, moment)
        if "stepResult" in entry:
            composite.add(step[:2] if len(step) == 3 else ())
            if step not in composite:
                seconds = entry.get("executionTime", 0) / 1e9
                spent.update(_parts(_kind(str(entry.get("step")), text), seconds, marks.get(step), begun[step]))
    return dict(spent)


def added(lines: Sequence[tuple[float, str]]) -> float:
    """Return the seconds of a job in which act does what no runner does.

    A runner starts a container that has the folders of actions as mounts, executes the steps in it, and removes it. Act
    copies actions and variables into the container before, between and after the steps. What a step itself takes, and
    starting and removing the container, is not part of this.

    Args:
        lines: As for `divide`.
    """
    if not lines:
        return 0.0
    runners = sum(divide(lines).values())
    begun: dict[str, float] = {}
    for moment, line in lines:
        entry = _entry(line)
        if "stepid" in entry:  # starts or removes the container
            name = f"{entry.get('jobID')} {entry['stepid']}"
            begun.setdefault(name, moment)
            if "stepResult" in entry:
                runners += moment - begun[name]
    return max(lines[-1][0] - lines[0][0] - runners, 0.0)


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _kind(outer: str, text: str) -> str:
    """Return what a step does, from the name that a workflow gives it, or from its name in an action."""
    inner = MAIN.search(text)
    if CHECKOUT.match(outer):
        return SOURCE
    name = inner[1].strip() if inner else ""
    return (STEPS | EARLIER).get(name, OTHER)


def _parts(kind: str, seconds: float, mark: tuple[str, float] | None, begun: float) -> dict[str, float]:
    """Divide a step that first installs the toolkit, or that pushes what it has built."""
    if mark is None:
        return {kind: seconds}
    text, moment = mark
    before = min(max(moment - begun, 0.0), seconds)
    first, then = (TOOLKIT, kind) if INSTALLED.search(text) else (kind, PUSH)
    return {first: before, then: seconds - before} if first != then else {kind: seconds}

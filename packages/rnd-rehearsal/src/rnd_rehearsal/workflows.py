"""Workflow files: what starts them, what their jobs wait for, what each may do. Pure; touches nothing.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from rnd_rehearsal.workflow_files import Document, as_list

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
PATH = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
LITERAL = re.compile(r"'(?:[^']|'')*'")
STATUS = re.compile(r"\b(always|cancelled|failure|success)\(\)")
FILTERS = {"push": ("branches", "tags"), "pull_request": ("branches",)}
PULL_TYPES = ["opened", "synchronize", "reopened"]
EVERYTHING = (
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "id-token",
    "issues",
    "pull-requests",
    "statuses",
)


@dataclass(frozen=True)
class Occasion:
    """What a run is for.

    Attributes:
        name: The event, as after `on:`.
        action: As `opened`.
        ref: As GITHUB_REF.
        base: The branch that a pull request is for.
    """

    name: str
    action: str | None
    ref: str
    base: str = ""


def triggers(workflow: Document) -> dict[str, Document]:
    """Return what starts a workflow, each event with what it is narrowed by."""
    on = workflow.get("on", {})
    if isinstance(on, str):
        return {on: {}}
    if isinstance(on, list):
        return {name: {} for name in on}
    return {name: narrowed or {} for name, narrowed in on.items()}


def starts(workflow: Document, occasion: Occasion) -> bool:
    """Return whether an event starts a workflow."""
    narrowed = triggers(workflow).get(occasion.name)
    if narrowed is None:
        return False
    types = narrowed.get("types", PULL_TYPES if occasion.name == "pull_request" else None)
    if types is not None and occasion.action is not None and occasion.action not in as_list(types):
        return False
    if occasion.name == "pull_request":
        return _passes(narrowed, "branches", occasion.base)
    kind, _, short = occasion.ref.removeprefix("refs/").partition("/")
    if occasion.name == "push":
        wanted = {"heads": "branches", "tags": "tags"}[kind]
        other = {"branches": "tags", "tags": "branches"}[wanted]
        named = {key.removesuffix("-ignore") for key in narrowed}
        return _passes(narrowed, wanted, short) if wanted in named else other not in named
    return True


def _passes(narrowed: Document, key: str, name: str) -> bool:
    if f"{key}-ignore" in narrowed:
        return not _matches(as_list(narrowed[f"{key}-ignore"]), name)
    return key not in narrowed or _matches(as_list(narrowed[key]), name)


def _matches(patterns: list[str], name: str) -> bool:
    """Return whether a name matches: the last matching pattern decides, and `!` excludes."""
    verdict = False
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        expression = re.escape(plain).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "?")
        if re.fullmatch(expression, name):
            verdict = not pattern.startswith("!")
    return verdict


def needs(job: Document) -> list[str]:
    """Return the jobs that a job waits for."""
    return as_list(job["needs"]) if "needs" in job else []


def asks_for_status(job: Document) -> bool:
    """Return whether a job decides itself what a failure before it means; every other one is skipped then.

    See https://docs.github.com/actions/reference/workflows-and-actions/expressions, "Status check functions".
    """
    return bool(STATUS.search(str(job.get("if", ""))))


def outlasts_cancellation(job: Document) -> bool:
    """Return whether a job goes on, or still begins, when its run is cancelled: its condition is then still true.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation
    """
    condition = re.sub(r"!\s*cancelled\(\)", "", str(job.get("if", "")))
    return re.search(r"\b(always|cancelled)\(\)", condition) is not None


class NotKnown(ValueError):
    """An expression is more than the runner itself evaluates; act evaluates the rest."""


@dataclass(frozen=True)
class Unknown:
    """A value that only act can evaluate, with the reason; whatever the runner needs it for is `NotKnown`."""

    reason: str


def evaluate(text: str, contexts: Document) -> str:
    """Fill in expressions of literals and context values, combined with `==`, `&&` and `||`.

    Raises:
        NotKnown: An expression uses anything else.
    """

    def value(match: re.Match[str]) -> str:
        for alternative in match[1].split("||"):
            *conditions, last = alternative.split("&&")
            if all(_holds(condition, contexts) for condition in conditions) and (found := _operand(last, contexts)):
                return found
        return ""

    return EXPRESSION.sub(value, text)


def _holds(condition: str, contexts: Document) -> bool:
    """Return whether `A == B` holds, or whether a single operand is not empty."""
    values = [_operand(operand, contexts) for operand in condition.split("==")]
    return values[0] == values[1] if len(values) == 2 else bool(values[0])


def _operand(text: str, contexts: Document) -> str:
    """Return a literal without its quotes, or the value at a path in the contexts; empty if there is none."""
    operand = text.strip()
    if LITERAL.fullmatch(operand):
        return operand[1:-1].replace("''", "'")
    if not PATH.fullmatch(operand):
        raise NotKnown(f"{operand} is more than the rehearsal's runner evaluates.")
    found: Any = contexts
    for key in operand.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, Unknown):
        raise NotKnown(found.reason)
    if not found:
        return ""
    return str(found).lower() if isinstance(found, bool) else str(found)


@dataclass(frozen=True)
class Concurrency:
    """Which runs wait for each other.

    Attributes:
        group: The runs of one group go one after the other.
        cancels: Whether a new run ends the one under way.
        keeps_all: Whether more than one waits; by default a new one takes the place of the one that waits.
    """

    group: str
    cancels: bool = False
    keeps_all: bool = False


def concurrency(holder: Document, contexts: Document) -> Concurrency | None:
    """Return what a workflow or a job says of concurrency."""
    given = holder.get("concurrency")
    if not given:
        return None
    if isinstance(given, str):
        return Concurrency(evaluate(given, contexts))
    cancels = evaluate(str(given.get("cancel-in-progress", "false")).replace("True", "true"), contexts) == "true"
    return Concurrency(evaluate(given["group"], contexts), cancels, given.get("queue") == "max")


def permissions(holders: list[Document], *, fork: bool) -> dict[str, str]:
    """Return what a job's token may do.

    Args:
        holders: The workflow and the job, then each workflow that is called from there and its job: each with its
            own `permissions`, where it has any. What is called gets no more than its caller.
        fork: Whether the run is for a pull request from a fork, whose token reads and no more.
    """
    default = {"contents": "read", "packages": "read"}
    granted = _declared(holders[1], _declared(holders[0], default))
    for workflow, job in zip(holders[2::2], holders[3::2], strict=True):
        inner = _declared(job, _declared(workflow, granted))
        granted = {name: least(level, granted.get(name)) for name, level in inner.items() if name in granted}
    if fork:
        granted = {name: "read" for name in granted if name not in {"id-token", "attestations"}}
    return {name: level for name, level in granted.items() if level != "none"}


def _declared(holder: Document, default: dict[str, str]) -> dict[str, str]:
    given = holder.get("permissions", default)
    if isinstance(given, str):  # read-all or write-all
        return dict.fromkeys(EVERYTHING, given.removesuffix("-all"))
    return dict(given or {})


def least(one: str, other: str | None) -> str:
    """Return the lower one of two levels of a permission."""
    levels = ("none", "read", "write")
    return min(one, other or "none", key=levels.index)


@dataclass(frozen=True)
class Result:
    """How a job ended."""

    verdict: str
    outputs: dict[str, str] = field(default_factory=dict)

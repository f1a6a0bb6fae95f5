"""Workflows and actions as GitHub reads them, for tests: what each calls, passes, declares and is started by."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import yaml

from rnd.commands.config import flatten
from rnd.organisation import load_organisation
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTIONS = ROOT / "actions"
RANK = {"none": 0, "read": 1, "write": 2}

# What `rnd … --github-output` gives; the tests of each command hold it to this.
OUTPUTS = {
    "ci login --look": {"private"},
    "version set": {"version", "development-version", "commit", "settled", "app"},
    "version check": {"version", "tag"},
    "release package": {"version", "wheel", "sha256"},
    "release image": {"name", "digest", "image"},
    "release promote": {"name", "digest"},
    "runners base-image": {"pythons", "machines", "role", "region"},
}


class Loader(yaml.CSafeLoader):
    """YAML 1.2's booleans, as GitHub has them: `on` is a word."""


Loader.yaml_implicit_resolvers = {  # pyrefly: ignore[instance-var-assign]  # it is of the class
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


def load(path: Path) -> dict[str, Any]:
    """Return a workflow or an action as data."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader)
    return document


@dataclass(frozen=True)
class Step:
    """One step of a job or of an action."""

    place: str
    data: dict[str, Any]

    @property
    def uses(self) -> str:
        return str(self.data.get("uses", ""))

    @property
    def given(self) -> dict[str, Any]:
        return dict(self.data.get("with") or {})


@dataclass(frozen=True)
class Job:
    """One job of a workflow."""

    workflow: Workflow
    name: str
    data: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.workflow.path.name}: {self.name}"

    @property
    def steps(self) -> list[Step]:
        return [Step(self.place, step) for step in self.data.get("steps", [])]

    @property
    def needs(self) -> list[str]:
        needs = self.data.get("needs", [])
        return [needs] if isinstance(needs, str) else needs

    @property
    def callee(self) -> Workflow | None:
        """The workflow that this job calls, if it calls one: of its own repository, or a central one of ours."""
        uses = self.data.get("uses")
        if not uses:
            return None
        name = uses.partition("@")[0].rpartition("/")[2]
        return Workflow((self.workflow.root if uses.startswith("./") else ROOT) / ".github" / "workflows" / name)

    @property
    def outputs(self) -> set[str]:
        """The outputs that jobs after this one may read."""
        return set(self.callee.interface["outputs"]) if self.callee else set(self.data.get("outputs", {}))

    def check_names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names of the checks that GitHub shows for this job: `caller / callee`."""
        name = prefix + self.data.get("name", self.name)
        if self.callee is None:
            yield name
        else:
            for job in self.callee.jobs.values():
                yield from job.check_names(f"{name} / ")


@dataclass(frozen=True)
class Workflow:
    """One workflow file, in the repository that it is a part of."""

    path: Path

    @property
    def root(self) -> Path:
        return self.path.parents[2]

    @property
    def data(self) -> dict[str, Any]:
        return load(self.path)

    @property
    def jobs(self) -> dict[str, Job]:
        return {name: Job(self, name, data) for name, data in self.data["jobs"].items()}

    @property
    def interface(self) -> dict[str, dict[str, Any]]:
        """The inputs, secrets and outputs that a workflow to be called declares."""
        called = self.data["on"]["workflow_call"] or {}
        return {kind: called.get(kind) or {} for kind in ("inputs", "secrets", "outputs")}

    def starts_on(self, event: str, branch: str) -> bool:
        """Say whether a push to a branch, or a pull request into one, starts this workflow.

        See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax, "on": of the patterns
        that match, the last one decides.
        """
        on = self.data["on"]
        events = {on: None} if isinstance(on, str) else dict.fromkeys(on) if isinstance(on, list) else on
        if event not in events:
            return False
        filters = events[event] or {}
        if "branches-ignore" in filters:
            return not any(matches(pattern, branch) for pattern in filters["branches-ignore"])
        if "branches" not in filters:
            return "tags" not in filters
        decided = False
        for pattern in filters["branches"]:
            if matches(pattern.removeprefix("!"), branch):
                decided = not pattern.startswith("!")
        return decided


def matches(pattern: str, branch: str) -> bool:
    """Say whether a branch matches a pattern of a filter, of those made of names, `*` and `**`."""
    assert re.fullmatch(r"[\w./*-]+", pattern), f"this test does not know {pattern}"
    if "*" not in pattern.replace("**", ""):
        return fnmatchcase(branch, pattern.replace("**", "*"))
    return fnmatchcase(branch, pattern) and branch.count("/") == pattern.count("/")


def workflows(root: Path) -> dict[str, Workflow]:
    """Return the workflows of a repository, by file name."""
    return {path.name: Workflow(path) for path in sorted((root / ".github" / "workflows").glob("*.yml"))}


def action_names() -> list[str]:
    """Return the names of the central actions."""
    return sorted(path.parent.name for path in ACTIONS.glob("*/action.yml"))


def action_steps(name: str) -> list[Step]:
    """Return the steps of a central action."""
    return [Step(f"actions/{name}", step) for step in load(ACTIONS / name / "action.yml")["runs"]["steps"]]


def outputs_of_script(step: Step) -> set[str]:
    """Return what a step that calls `rnd`, or writes an output itself, gives to later ones."""
    run = str(step.data.get("run", ""))
    if "--github-output" not in run:
        return set(re.findall(r'echo "([\w-]+)=[^\n]*" >> "\$\{GITHUB_OUTPUT\}"', run))
    if " rnd config " in run:
        values = load_organisation().model_dump()
        return {path.replace(".", "-").replace("_", "-") for path, _ in flatten(values)}
    return OUTPUTS[next(command for command in OUTPUTS if f" rnd {command} " in run)]


def references(data: object, context: str) -> set[tuple[str, str]]:
    """Return what expressions read from a context, such as `needs` or `steps`: pairs of a name and an output."""
    pattern = rf"\b{context}\.([\w-]+)\.outputs\.([\w-]+)"
    return set(re.findall(pattern, json.dumps(data)))


def levels(permissions: dict[str, str]) -> dict[str, int]:
    """Return permissions as numbers that can be compared."""
    return {scope: RANK[level] for scope, level in permissions.items()}

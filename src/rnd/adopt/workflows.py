"""The purpose of the workflows that a repository has: which of them the template's pipeline replaces. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from rnd import bounded_yaml

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

PATHS = r"\.github/workflows/[^/]+\.ya?ml"
OTHER_CI = (
    r"\.travis\.yml|\.circleci/config\.yml|azure-pipelines\.yml|\.gitlab-ci\.yml|Jenkinsfile|\.?appveyor\.yml"
    r"|tox\.ini|noxfile\.py"
)
# purpose: what a step of it runs or uses
PURPOSES = {
    "publish": r"twine upload|(?:uv|poetry|flit|hatch|pdm) publish|pypa/gh-action-pypi-publish",
    "image": r"docker build|docker/build-push-action|buildah|kaniko",
    "check": r"\b(?:pytest|tox|nox|unittest|ruff|flake8|pylint|black|mypy)\b|pre-commit|make test",
}
TRIGGERS = {"push", "pull_request", "release", "create"}


@dataclass(frozen=True)
class Workflow:
    """A workflow file.

    Attributes:
        path: Its path.
        purposes: What it does that the template's pipeline does too, with the line of the evidence.
        triggers: The events that start it.
    """

    path: str
    purposes: dict[str, int]
    triggers: tuple[str, ...]

    @property
    def stands_aside(self) -> bool:
        """Whether it would run beside the pipeline with the same purpose."""
        return bool(self.purposes) and bool(TRIGGERS & set(self.triggers))


def read_workflows(tree: Tree) -> list[Workflow]:
    """Return the workflows, sorted by path."""
    return [_read(path, tree.text(path) or "") for path in sorted(tree.matching(PATHS))]


def _read(path: str, text: str) -> Workflow:
    purposes = {}
    for purpose, form in PURPOSES.items():
        lines = (number for number, line in enumerate(text.splitlines(), 1) if re.search(form, line.partition("#")[0]))
        if number := next(lines, None):
            purposes[purpose] = number
    return Workflow(path, purposes, tuple(sorted(_triggers(text))))


def _triggers(text: str) -> set[str]:
    """Return the events of a workflow; YAML 1.1 reads the key `on` as true."""
    try:
        document: Any = bounded_yaml.load(text)
    except (ValueError, yaml.YAMLError):
        return set()
    events = document.get("on", document.get(True)) if isinstance(document, dict) else None
    if isinstance(events, str):
        return {events}
    return {str(event) for event in events} if isinstance(events, dict | list) else set()

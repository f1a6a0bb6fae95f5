"""The purpose of the workflows that a repository has: which of them the template's pipeline replaces. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
TRIGGERS = {"push", "pull_request", "pull_request_target", "merge_group", "release", "create"}


@dataclass(frozen=True)
class Workflow:
    """A workflow file.

    Attributes:
        path: Its path.
        purposes: What it does that the template's pipeline does too, with the line of the evidence.
        triggers: The events that start it; None if the file cannot be read.
    """

    path: str
    purposes: dict[str, int]
    triggers: tuple[str, ...] | None

    @property
    def stands_aside(self) -> bool:
        """Whether it would run beside the pipeline with the same purpose."""
        return bool(self.purposes) and bool(TRIGGERS & set(self.triggers or ()))


def read_workflows(tree: Tree) -> list[Workflow]:
    """Return the workflows, sorted by path."""
    return [_read(path, tree.text(path) or "") for path in sorted(tree.matching(PATHS))]


def _read(path: str, text: str) -> Workflow:
    purposes = {}
    for purpose, form in PURPOSES.items():
        lines = (number for number, line in enumerate(text.splitlines(), 1) if re.search(form, line.partition("#")[0]))
        if number := next(lines, None):
            purposes[purpose] = number
    found = _triggers(text)
    return Workflow(path, purposes, None if found is None else tuple(sorted(found)))


def _triggers(text: str) -> set[str] | None:
    """Return the events of a workflow, or None if it cannot be read."""
    try:
        node = trigger_node(text)
    except (ValueError, yaml.YAMLError):
        return None
    if isinstance(node, yaml.ScalarNode):
        return {str(node.value)}
    if isinstance(node, yaml.MappingNode):
        return {str(key.value) for key, _ in node.value}
    return {str(one.value) for one in node.value} if isinstance(node, yaml.SequenceNode) else None


def trigger_node(text: str) -> yaml.Node | None:
    """Return the value of the key `on`, with its place in the text, or None if there is no such key.

    The key is compared as text, because YAML 1.1 reads it as true, and GitHub does not:
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#on

    Raises:
        yaml.YAMLError: The text is not YAML, or has the key twice.
    """
    bounded_yaml.load(text)  # checks the size and the depth, and refuses aliases
    root = yaml.compose(text, Loader=bounded_yaml.LOADER)
    found = [value for key, value in root.value if key.value == "on"] if isinstance(root, yaml.MappingNode) else []
    if len(found) > 1:
        raise yaml.YAMLError("the key `on` is there twice")
    return found[0] if found else None


def last_line(node: yaml.Node) -> int:
    """Return the last line of a node, counted from 0; comments and blank lines below it do not belong to it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        ends_before = node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line
        return int(node.end_mark.line) - ends_before
    last = node.value[-1]
    if not isinstance(last, tuple):
        return last_line(last)
    key, value = last
    return last_line(key if value.value == "" else value)  # the place of an empty value is that of what follows

"""The .pre-commit-config.yaml after the adoption: hooks of the template and of the repository. Pure.

The format is that of https://pre-commit.com/#pre-commit-configyaml---top-level. A hook that the template has is left
out. One with the same purpose stays and starts by hand only, as workflows do. All others stay active.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from rnd import bounded_yaml
from rnd.adopt.facts import OpenPoint
from rnd.adopt.workflows import last_line

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = ".pre-commit-config.yaml"
HEADING = "\n  # The hooks that the repository had.\n"
MANUAL = "stages: [manual] # the hooks above do this now"
# Hooks that the template has, by the name that others give them.
SAME = {
    "trailing-whitespace", "end-of-file-fixer", "mixed-line-ending", "check-yaml", "check-toml", "check-json",
    "check-merge-conflict", "check-added-large-files", "detect-private-key", "ruff", "ruff-check", "ruff-format",
    "conventional-pre-commit",
}  # fmt: skip
# Formatters and linters of Python: ruff would change, or find, the same lines.
PURPOSE = {
    "black", "black-jupyter", "isort", "flake8", "pyupgrade", "autoflake", "autopep8", "yapf", "pycln", "pylint",
    "pydocstyle", "docformatter", "reorder-python-imports", "add-trailing-comma",
}  # fmt: skip
WHAT_HAPPENS = {
    "hooks-replaced": "The template has these itself",
    "hooks-stand-aside": "These start by hand only now, because ruff does their work",
    "hooks-stay": "These stay, and pre-commit installs what they need",
}
OURS = {"default_install_hook_types", "default_stages", "repos"}


@dataclass(frozen=True)
class Lines:
    """A node of the file: its lines, counted from 0, `end` not included, and its column."""

    start: int
    end: int
    column: int


@dataclass(frozen=True)
class Hook:
    """A hook of the repository: its name, the line of its name, its lines, and whether it has stages of its own."""

    name: str
    line: int
    lines: Lines
    has_stages: bool


def merge_hooks(theirs: str, ours: str) -> tuple[str, list[OpenPoint]] | None:
    """Return the text with both, and what of theirs is replaced; None if their lines cannot be taken over.

    Args:
        theirs: The text of the repository's own.
        ours: The rendered one of the template.
    """
    lines = theirs.splitlines(keepends=True)
    try:
        keys = _keys(theirs)
        nodes = _items(keys["repos"][1])
        above = [keys["repos"][0].start_mark.line + 1, *(last_line(node) + 1 for node in nodes)]
        entries = [_entry(lines, node, first) for node, first in zip(nodes, above, strict=False)]
    except (yaml.YAMLError, ValueError, KeyError):
        return None
    names = [pair for _, found in entries for pair in found]
    names += [("hooks-replaced", name) for name in sorted((OURS - {"repos"}) & keys.keys())]
    others = [_key_lines(lines, key, node) for name, (key, node) in keys.items() if name not in OURS]
    kept = "".join(text for text, _ in entries)
    text = "".join([ours, *([HEADING, kept] if kept else []), *(f"\n{one}" for one in others)])
    return text.replace("\r\n", "\n"), _points(names)


def _points(names: list[tuple[str, str]]) -> list[OpenPoint]:
    """Return one point for each thing that happens to hooks, with their names."""
    listed = {code: ", ".join(name for one, name in names if one == code) for code in WHAT_HAPPENS}
    return [OpenPoint(code, f"{WHAT_HAPPENS[code]}: {found}.", FILE) for code, found in listed.items() if found]


def _keys(text: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the top-level keys, as nodes with their values.

    Raises:
        ValueError: There are none.
    """
    bounded_yaml.load(text)  # checks the depth and the size, and refuses aliases
    root = yaml.compose(text, Loader=bounded_yaml.LOADER)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise ValueError("no keys")
    return {str(key.value): (key, value) for key, value in root.value}


def _items(node: yaml.Node) -> list[yaml.Node]:
    """Return the entries of a list with one entry per line.

    Raises:
        ValueError: It is not such a list.
    """
    if not isinstance(node, yaml.SequenceNode) or (node.flow_style and node.value):
        raise ValueError("not a list")
    return list(node.value)


def _entry(lines: list[str], node: yaml.Node, first: int) -> tuple[str, list[tuple[str, str]]]:
    """Return the lines of a repository of hooks, indented as those of the template, and what happens to each hook.

    Args:
        lines: The file.
        node: The entry.
        first: The first line of the comments above it.
    """
    place = _place(node)
    names: list[tuple[str, str]] = []
    changed: dict[int, list[str]] = {}
    hooks = list(_hooks(node))
    for hook in hooks:
        if hook.name in SAME:
            changed |= {number: [] for number in range(hook.lines.start, hook.lines.end)}
            names.append(("hooks-replaced", hook.name))
        elif hook.name in PURPOSE and not hook.has_stages:
            changed[hook.line] = [lines[hook.line], f"{' ' * hook.lines.column}{MANUAL}\n"]
            names.append(("hooks-stand-aside", hook.name))
        else:
            names.append(("hooks-stay", hook.name))
    if hooks and all(hook.name in SAME for hook in hooks):
        return "", names
    kept = [line for number in range(first, place.end) for line in changed.get(number, [lines[number]])]
    return "".join(_shifted(line, place.column - 2) for line in kept), names


def _shifted(line: str, indent: int) -> str:
    """Return a line of a list as one of the template's list, which is indented by two spaces.

    Args:
        line: The line.
        indent: The spaces in front of the hyphen.
    """
    spaces = len(line) - len(line.lstrip())
    return f"  {line[min(indent, spaces) :]}" if line.strip() else "\n"


def _hooks(entry: yaml.Node) -> Iterator[Hook]:
    """Yield the hooks of an entry."""
    if not isinstance(entry, yaml.MappingNode) or entry.flow_style:
        raise ValueError("not a mapping")
    for node in _items({str(key.value): value for key, value in entry.value}["hooks"]):
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ValueError("not a mapping")
        values = {str(key.value): value for key, value in node.value}
        name = values["id"]
        yield Hook(str(name.value), name.end_mark.line, _place(node), "stages" in values)


def _place(node: yaml.Node) -> Lines:
    return Lines(node.start_mark.line, last_line(node) + 1, node.start_mark.column)


def _key_lines(lines: list[str], key: yaml.Node, value: yaml.Node) -> str:
    return "".join(lines[key.start_mark.line : last_line(value) + 1]).rstrip() + "\n"

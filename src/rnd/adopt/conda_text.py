"""The environment.yml after the adoption: the repository's own lines, and what the pipeline needs to lock it. Pure.

Added are `platforms`, the development tools and the build backend. Replaced are the versions of tools that the hooks
call, and the alias `defaults`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rnd.adopt.conda import ALIAS, FILE, ITSELF, Item, keys_of, parse
from rnd.adopt.facts import OpenPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rnd.adopt.conda import CondaFile

HEADING = "  # From rnd-template: development tools and the build backend"
HOOKS = {"ruff", "pre-commit", "pre-commit-hooks"}  # the hooks call these in the versions of the template
TEMPLATE_BACKEND = "uv-build"
# Packages that a build needs and that have the same name on PyPI and in conda-forge.
BACKENDS = {
    "setuptools", "wheel", "setuptools-scm", "hatchling", "hatch-vcs", "flit-core", "poetry-core", "pdm-backend",
    TEMPLATE_BACKEND,
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """Lines that take the place of others, counted from 0; `end` is not included."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge_environment(theirs: str, ours: str, requires: Sequence[str]) -> tuple[str, list[OpenPoint]]:
    """Return an environment.yml that can be locked, and what it replaces.

    Args:
        theirs: The text of the repository's own.
        ours: The rendered one of the template.
        requires: The packages that a build of the wheel needs, from pyproject.toml.
    """
    text = _block_style(theirs)
    found, template = parse(text), parse(ours)
    lines, own = text.splitlines(), ours.splitlines()
    edits, points = _hooks(found, template, lines)
    itself = (one for one in found.pip if ITSELF.fullmatch(one.text) and one.text != "-e .")
    edits += [Edit(one.line - 1, one.line, (_entry(lines, one, "-e ."),)) for one in itself]
    edits += _channels(found, template, lines)
    if not found.platforms:
        platforms = tuple(line for line in own if line.startswith("platforms:"))
        edits.append(_before(lines, "dependencies", platforms))
    backends, unknown = _backends(requires, found)
    tools = (
        one.text for name, one in template.packages.items() if name not in found.packages and name != TEMPLATE_BACKEND
    )
    if added := [*tools, *backends]:
        edits.append(_appended(text, lines, added))
    message = "The build needs it; list it in environment.yml as a conda package."
    points += [OpenPoint("conda-backend", message, one) for one in unknown]
    merged = _apply(lines, edits)
    return merged.replace("\n", "\r\n") if "\r\n" in theirs else merged, points


def _hooks(found: CondaFile, template: CondaFile, lines: list[str]) -> tuple[list[Edit], list[OpenPoint]]:
    """Replace the versions of the tools that the hooks call."""
    edits, points = [], []
    for name in sorted(HOOKS & found.packages.keys() & template.packages.keys()):
        here, there = found.packages[name], template.packages[name]
        if here.text != there.text:
            edits.append(Edit(here.line - 1, here.line, (_entry(lines, here, there.text),)))
            message = f"`{here.text}` is replaced by `{there.text}`, which the hooks need."
            points.append(OpenPoint("conda-tool", message, FILE))
    return edits, points


def _channels(found: CondaFile, template: CondaFile, lines: list[str]) -> list[Edit]:
    """Remove the alias `defaults`; if no channel is left, take those of the template."""
    named = tuple(f"  - {one.text}" for one in template.channels)
    aliases = [one for one in found.channels if one.text == ALIAS]
    edits = [Edit(one.line - 1, one.line, ()) for one in aliases]
    if len(aliases) < len(found.channels):
        return edits
    if aliases:
        first = aliases[0]
        indent = _indent(lines[first.line - 1])
        return [Edit(first.line - 1, first.line, tuple(indent + line.strip() for line in named)), *edits[1:]]
    if keys_at(lines, "channels") is None:
        return [_before(lines, "dependencies", ("channels:", *named))]
    return edits


def _backends(requires: Iterable[str], found: CondaFile) -> tuple[list[str], list[str]]:
    """Return the conda packages of a build that are missing, and the requirements whose conda name is not known."""
    missing: list[str] = []
    unknown: list[str] = []
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            unknown.append(line)
            continue
        name = canonicalize_name(requirement.name)
        if name in found.packages:
            continue
        (missing if name in BACKENDS else unknown).append(f"{name} {requirement.specifier}".strip())
    return missing, unknown


def _appended(text: str, lines: list[str], added: list[str]) -> Edit:
    """Return the edit that adds packages after the last one, and before the section of pip if that is the last."""
    node = keys_of(text)["dependencies"]
    assert isinstance(node, yaml.SequenceNode)  # noqa: S101 - for the type checker: parse() checks it
    last = node.value[-1] if node.value else None
    if last is None:
        place = keys_at(lines, "dependencies") or 0
        return Edit(place, place + 1, ("dependencies:", HEADING, *(f"  - {one}" for one in added)))
    place = last.start_mark.line if isinstance(last, yaml.MappingNode) else last.end_mark.line + 1
    indent = _indent(lines[last.start_mark.line])
    return Edit(place, place, (indent + HEADING.strip(), *(f"{indent}- {one}" for one in added)))


def _block_style(text: str) -> str:
    """Return the text with the lists of channels and dependencies one entry per line, so that lines can be edited."""
    lines = text.splitlines()
    edits = []
    for key in ("channels", "dependencies"):
        node = keys_of(text).get(key)
        if isinstance(node, yaml.SequenceNode) and node.flow_style:
            start, end = keys_at(lines, key) or 0, node.end_mark.line + 1
            values = yaml.safe_load("\n".join(lines[start:end]))[key]
            listed = yaml.safe_dump({key: values}, default_flow_style=False, sort_keys=False, width=1000)
            edits.append(Edit(start, end, tuple(listed.splitlines())))
    return _apply(lines, edits) if edits else text


def keys_at(lines: list[str], key: str) -> int | None:
    """Return the number of the line with a top-level key, counted from 0."""
    return next((number for number, line in enumerate(lines) if re.match(rf"['\"]?{key}['\"]?\s*:", line)), None)


def _before(lines: list[str], key: str, added: tuple[str, ...]) -> Edit:
    place = keys_at(lines, key) or 0
    return Edit(place, place, added)


def _entry(lines: list[str], item: Item, text: str) -> str:
    return f"{_indent(lines[item.line - 1])}- {text}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _apply(lines: list[str], edits: list[Edit]) -> str:
    """Return the text after all edits; those of the same line are kept in their order."""
    result = list(lines)
    for _, edit in sorted(enumerate(edits), key=lambda one: (one[1].start, one[0]), reverse=True):
        result[edit.start : edit.end] = edit.lines
    return "\n".join(result) + "\n"

"""What happens to each file of the template in a repository that has files already. Pure.

add          the repository has no such file
same         it has the same one, apart from line ends
union        both have lines that are missing in the other
tables       pyproject.toml, environment.yml and .pre-commit-config.yaml, merged entry by entry
keep         the repository's own stays, byte for byte
propose      the last commit of a draft has both versions, with conflict markers
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import yaml

from rnd.adopt.workflows import last_line, trigger_node

if TYPE_CHECKING:
    from collections.abc import Collection

Strategy = Literal["add", "same", "union", "tables", "keep", "propose"]
UNION = {".gitignore", ".gitattributes", ".dockerignore", ".editorconfig"}
KEEP = re.compile(r"README\.md|LICENSE|\.python-version|AGENTS\.md|CLAUDE\.md|\.vscode/.*|docker/.*|tests/.*")
HEADING = "# From rnd-template"
# tables of the template that configure a tool, and files that configure it already, with the section that does
CONFIGURED = {
    "tool.pytest": (("pytest.ini", ""), (".pytest.ini", ""), ("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]")),
    "tool.coverage": ((".coveragerc", ""), ("setup.cfg", "[coverage:"), ("tox.ini", "[coverage:")),
    "tool.ruff": (("ruff.toml", ""), (".ruff.toml", "")),
}
MANUAL = "on: workflow_dispatch # the pipeline of rnd-template does this now"
KEY = re.compile(r"(?:on|'on'|\"on\")[ \t]*:")


def choose(path: str, theirs: str | None, ours: str) -> Strategy:
    """Return the strategy for a file of the template.

    Args:
        path: Its path.
        theirs: The text that the repository has; None if it has no such file.
        ours: The rendered text.
    """
    if theirs is None:
        return "add"
    if theirs.replace("\r\n", "\n") == ours:
        return "same"
    if path in {"pyproject.toml", "environment.yml", ".pre-commit-config.yaml"}:
        return "tables"
    if path in UNION:
        return "union"
    return "keep" if KEEP.fullmatch(path) else "propose"


def union(theirs: str, ours: str, path: str) -> str:
    """Return the repository's lines, and those of the template that are missing under one heading.

    Where later lines win, those of the template go first: the repository's own decide.

    Args:
        theirs: The text of the repository.
        ours: The rendered text.
        path: The file.
    """
    if path == ".editorconfig":
        return _union_of_sections(theirs, ours)
    present = {line.strip() for line in theirs.splitlines()}
    missing = [
        line for line in ours.splitlines() if line.strip() and not line.startswith("#") and line.strip() not in present
    ]
    if not missing:
        return theirs
    newline = "\r\n" if "\r\n" in theirs else "\n"
    added = newline.join([HEADING, *missing, ""])
    if path == ".gitattributes" or any(line.startswith("!") for line in theirs.splitlines()):
        return f"{added}{newline}{theirs}" if theirs else added
    end = "" if theirs.endswith("\n") or not theirs else newline
    return f"{theirs}{end}{newline}{added}"


def _union_of_sections(theirs: str, ours: str) -> str:
    """Put the sections of an .editorconfig above those of the repository, which therefore win.

    https://spec.editorconfig.org/#id7
    """
    section = re.compile(r"(?m)^[ \t]*\[")
    first, own = section.search(theirs), section.search(ours)
    if own is None or ours[own.start() :].strip() in theirs.replace("\r\n", "\n"):
        return theirs
    start = first.start() if first else len(theirs)
    head, rest = theirs[:start], theirs[start:]
    added = f"{HEADING}: what the sections below do not set\n{ours[own.start() :].rstrip()}\n"
    newline = "\r\n" if "\r\n" in theirs else "\n"
    end = "" if not head or head.endswith("\n") else newline
    return head + end + added.replace("\n", newline) + (newline if rest else "") + rest


def configured(texts: dict[str, str | None]) -> tuple[str, ...]:
    """Return the tables of the template to leave out, because a file of the repository configures the same tool.

    Args:
        texts: The texts of the files in `CONFIGURED`; None for a missing one.
    """
    return tuple(
        table
        for table, places in CONFIGURED.items()
        if any(section in (texts.get(path) or "") and texts.get(path) is not None for path, section in places)
    )


def stand_aside(text: str) -> str | None:
    """Return a workflow that only a person starts, or None if its triggers cannot be replaced safely.

    Only the lines of the key `on` change; comments among them stay. A workflow that others call keeps its triggers.
    """
    try:
        node = trigger_node(text)
    except (ValueError, yaml.YAMLError):
        return None
    lines = text.splitlines(keepends=True)
    start = next((number for number, line in enumerate(lines) if KEY.match(line)), None)
    if node is None or start is None or start > node.start_mark.line:
        return None
    end = last_line(node) + 1
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1  # below a text over several lines
    if "workflow_call" in "".join(lines[start:end]):
        return None
    comments = [line for line in lines[start + 1 : end] if line.lstrip().startswith("#")]
    newline = "\r\n" if lines[start].endswith("\r\n") else "\n"
    return "".join([*lines[:start], MANUAL + newline, *comments, *lines[end:]])


def markers(theirs: str, ours: str) -> str:
    """Return both versions of a file with conflict markers."""
    one, other = (text if text.endswith("\n") or not text else f"{text}\n" for text in (theirs, ours))
    return f"<<<<<<< this repository\n{one}=======\n{other}>>>>>>> rnd-template\n"


def import_test(module: str, header: str) -> str:
    """Return a first test for a repository that has none: pytest fails if it finds no test."""
    imported = f"import {module}\n\n\ndef test_import() -> None:\n"
    return (
        f'# {header}\n"""Tests of the installed package."""\n\n{imported}    assert {module}.__name__ == "{module}"\n'
    )


def build_files(layout_where: str, modules: Collection[str], paths: Collection[str], readme: object) -> list[str]:
    """Return what an image of the working tree needs to build the package.

    Args:
        layout_where: The folder that contains the package; empty for the root.
        modules: Its import names.
        paths: All paths of the repository.
        readme: The readme of [project]: a path, or a table with one.
    """
    named = readme.get("file") if isinstance(readme, dict) else readme
    at_root = [path for path in paths if "/" not in path]
    wanted = [
        path
        for path in at_root
        if re.match(r"(?i)(licen[cs]e|copying|notice|manifest\.in|version|readme|change|history)", path)
    ]
    if isinstance(named, str) and named in paths:
        wanted.append(named)
    elif "README.md" in at_root or not any(path.upper().startswith("README") for path in at_root):
        wanted.append("README.md")  # the template adds it where there is none
    if layout_where:
        return [layout_where.partition("/")[0], *sorted(set(wanted))]
    return [*(name if f"{name}.py" not in paths else f"{name}.py" for name in modules), *sorted(set(wanted))]

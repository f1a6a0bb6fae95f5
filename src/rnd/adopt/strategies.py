"""What happens to each file of the template in a repository that has files already. Pure.

add          the repository has no such file
same         it has the same one, apart from line ends
union        both have lines that are missing in the other
tables       pyproject.toml and environment.yml, merged table by table
keep         the repository's own stays, byte for byte
propose      the last commit of a draft has both versions, with conflict markers
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

Strategy = Literal["add", "same", "union", "tables", "keep", "propose"]
UNION = {".gitignore", ".gitattributes", ".dockerignore"}
KEEP = re.compile(
    r"README\.md|LICENSE|\.editorconfig|\.python-version|AGENTS\.md|CLAUDE\.md|\.vscode/.*|docker/.*|tests/.*"
)
HEADING = "# From rnd-template"
# tables of the template that configure a tool, and files that configure it already, with the section that does
CONFIGURED = {
    "tool.pytest": (("pytest.ini", ""), (".pytest.ini", ""), ("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]")),
    "tool.coverage": ((".coveragerc", ""), ("setup.cfg", "[coverage:"), ("tox.ini", "[coverage:")),
    "tool.ruff": (("ruff.toml", ""), (".ruff.toml", "")),
}
MANUAL = "on: workflow_dispatch # the pipeline of rnd-template does this now\n"


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
    if path in {"pyproject.toml", "environment.yml"}:
        return "tables"
    if path in UNION:
        return "union"
    return "keep" if KEEP.fullmatch(path) else "propose"


def union(theirs: str, ours: str) -> str:
    """Return the repository's lines, and those of the template that are missing under one heading."""
    present = {line.strip() for line in theirs.splitlines()}
    missing = [
        line for line in ours.splitlines() if line.strip() and not line.startswith("#") and line.strip() not in present
    ]
    if not missing:
        return theirs
    end = "" if theirs.endswith("\n") or not theirs else "\n"
    return f"{theirs}{end}\n{HEADING}\n" + "".join(f"{line}\n" for line in missing)


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

    Only the lines of the key `on` change. A workflow that others call keeps its triggers.
    """
    found = re.search(r"(?m)^(?:on|'on'|\"on\"):.*\n(?:(?:[ \t#-].*)?\n)*", text)
    if found is None or "workflow_call" in found[0] or len(re.findall(r"(?m)^(?:on|'on'|\"on\"):", text)) != 1:
        return None
    blank = re.search(r"\n*\Z", found[0])
    end = "\n" if blank is not None and blank[0].count("\n") > 1 else ""
    return text[: found.start()] + MANUAL + end + text[found.end() :]


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
    wanted = [path for path in at_root if re.match(r"(?i)(licen[cs]e|copying|notice|manifest\.in|version)", path)]
    if isinstance(named, str) and named in paths:
        wanted.append(named)
    elif "README.md" in at_root or not any(path.upper().startswith("README") for path in at_root):
        wanted.append("README.md")  # the template adds it where there is none
    if layout_where:
        return [layout_where.partition("/")[0], *sorted(set(wanted))]
    return [*(name if f"{name}.py" not in paths else f"{name}.py" for name in modules), *sorted(set(wanted))]

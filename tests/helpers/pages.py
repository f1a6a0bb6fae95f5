"""The commands that the pages show, each as someone would type it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd.project.template import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What stands before a command in a block: a prompt, and what runs it.
BEFORE = re.compile(r"^\s*(?:\$ )?(?:uv run (?:--\S+ )*|uvx --from \S+ (?:--\S+ )*)?(?=(?:rnd|make) )")


def current_pages() -> list[Path]:
    """Return the pages about what is there now: neither generated, nor about the past, nor measured."""
    return [page for page in PAGES if page.parent.name not in {"reference", "decisions", "benchmarks"}]


def without_comment(line: str) -> str:
    """Return a command without what the page says about it: two spaces or a # separate them."""
    return re.split(r"\s{2,}|\s#", line.strip())[0]


def commands_in(text: str) -> Iterator[str]:
    """Yield each command in the blocks of a page: all lines of a script, and those after a prompt."""
    for language, block in BLOCK.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        for line in lines:
            if (ours := BEFORE.match(line)) is not None and language in {"", "sh", "console", "text"}:
                yield without_comment(line[ours.end() :])
            elif language == "console" and line.startswith("$ "):
                yield without_comment(line[2:])
            elif language == "sh" and re.match(r"[^\s#]", line) and line != "done":  # the rest of a loop is indented
                yield without_comment(line)


def all_commands() -> dict[str, str]:
    """Return each command of a page, with the page."""
    return {
        command: page.relative_to(CHECKOUT).as_posix()
        for page in current_pages()
        for command in commands_in(page.read_text(encoding="utf-8"))
    }


def read_page(name: str) -> str:
    """Return the text of a page, by its path below the root."""
    return (CHECKOUT / name).read_text(encoding="utf-8")


def table(page: str, first: str, *, number: int = 0) -> dict[str, list[str]]:
    """Return the rows of a table: the cell of the first column, with the cells of the others.

    Args:
        page: The path of the page below the root.
        first: The title of the first column.
        number: Which of the tables with this title, from 0 on.
    """
    head = rf"^\| {re.escape(first)} \|.*\n\|[-|: ]+\n((?:\|.*\n)+)"
    rows = re.findall(head, read_page(page), re.MULTILINE)[number].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split(" |")] for row in rows]
    return {one[0]: one[1:] for one in cells}


def code_in(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)

"""Every command that a page shows exists: the command line accepts it, with each of its options."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from rnd.commands import build_parser
from rnd.options import LazyParser, Parser
from rnd.project.template import CHECKOUT
from tests.helpers.pages import BEFORE, BLOCK, current_pages, without_comment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MAKE = set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield each command of a page, and whether it is complete: those in a sentence may leave arguments out."""
    text = page.read_text(encoding="utf-8")
    for language, block in BLOCK.findall(text):
        if language not in {"", "sh", "console", "text"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if (found := BEFORE.match(line)) is not None:
                yield without_comment(line[found.end() :]), True
    for span in SPAN.findall(BLOCK.sub("", text)):
        if re.match(r"(uv run )?(rnd|make) [a-z]", span):
            yield span.removeprefix("uv run "), False


COMMANDS = {(one, complete): page.relative_to(CHECKOUT) for page in current_pages() for one, complete in shown(page)}


def test_there_are_pages_with_commands() -> None:
    assert len(COMMANDS) > 60
    assert len(set(COMMANDS.values())) > 12


def find_parser(words: list[str]) -> tuple[Parser, list[str]]:
    """Return the parser of the command that some words name, and the words after it."""
    parser, rest = build_parser(), list(words)
    parser.define(deeply=True)
    while parser.commands and rest and not rest[0].startswith("-"):
        command = parser.commands[rest.pop(0)]
        assert not isinstance(command, LazyParser)  # all are defined by now
        parser = command
    return parser, rest


@pytest.mark.parametrize(("command", "complete"), COMMANDS, ids=[one for one, _ in COMMANDS])
def test_a_command_that_a_page_shows_exists(command: str, complete: bool) -> None:
    program, *words = shlex.split(re.split(r" [|>&;]+ ", command)[0])
    if program == "make":
        assert {word for word in words if "=" not in word} <= MAKE
        return
    if complete and "…" not in words:
        build_parser().parse_args(words)  # which ends the process where it does not accept them
        return
    parser, rest = find_parser([word for word in words if word != "…"])
    known = set(re.findall(r"(?<![\w-])--?[a-z-]+", parser.format_help()))
    assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize("wrong", ["rnd relase package", "rnd release package --whel", "rnd github", "make chek"])
def test_a_command_that_does_not_exist_is_found(wrong: str) -> None:
    with pytest.raises((SystemExit, AssertionError)):
        test_a_command_that_a_page_shows_exists(wrong, complete=True)
    if wrong != "rnd github":  # which a sentence may name
        with pytest.raises((KeyError, AssertionError)):
            test_a_command_that_a_page_shows_exists(wrong, complete=False)


def test_a_test_that_a_page_names_exists() -> None:
    sources = [CHECKOUT / "tests", *CHECKOUT.glob("packages/*/tests")]
    files = [file for folder in sources for file in folder.rglob("*.py")]
    known = {file.stem for file in files}
    for file in files:
        known |= set(re.findall(r"^ *def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    for page in current_pages():
        named = re.findall(r"`(?:\S+/|\S+::)?(test_\w+)(?:\.py)?`", BLOCK.sub("", page.read_text(encoding="utf-8")))
        assert set(named) <= known, page.name

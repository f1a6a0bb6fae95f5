"""What pages show of errors: each has a code of the catalogue, and ends with what the error says to do."""

from __future__ import annotations

import re

import pytest

from tests.helpers.pages import BLOCK, current_pages, read_page

CATALOGUE = read_page("docs/reference/errors.md")
SHOWN = re.compile(r"error\[([a-z-]+)\]: .*\n((?:(?!\$ ).*\n)*)")
FOUND = [
    pytest.param(code, rest, id=f"{page.stem}: {code}")
    for page in current_pages()
    for _, block in BLOCK.findall(page.read_text(encoding="utf-8"))
    for code, rest in SHOWN.findall(block)
]


@pytest.mark.parametrize(("code", "rest"), FOUND)
def test_an_error_that_a_page_shows_is_one_that_there_is(code: str, rest: str) -> None:
    section = CATALOGUE.partition(f"\n## {code}\n")[2].partition("\n## ")[0]
    assert rest.rstrip().splitlines()[-1].strip() in section


def test_there_are_such_pages() -> None:
    assert len(FOUND) > 5

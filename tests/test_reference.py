"""`docs/reference/` says what the code does, because it is generated from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from rnd.project.template import CHECKOUT
from scripts.generate_reference import FOLDER, generate
from scripts.organisation_page import organisation_schema

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = organisation_schema()
PAGES = sorted(FOLDER.iterdir())
SHIPPED = yaml.safe_load((CHECKOUT / "org.yml").read_text(encoding="utf-8"))
GITHUB = SHIPPED["github"]


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    """The text of each page, from the code."""
    return generate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_committed_is_what_the_code_gives(page: Path, generated: dict[Path, str]) -> None:
    if page.name == "commands.md" and sys.version_info[:2] != (3, 11):
        pytest.skip("argparse words its help differently in every Python; run the tests with Python 3.11")
    assert page.read_text(encoding="utf-8") == generated.get(page), "run `make docs`"


def test_nothing_else_is_there(generated: dict[Path, str]) -> None:
    assert set(PAGES) == set(generated)


def test_the_schema_is_one_and_the_shipped_file_keeps_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert faults() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "two\nlines"),
        ("slug", "Two Words"),
        ("colour", "blue"),
        ("github", GITHUB | {"teams": {"-x-": "admin"}}),
        ("github", GITHUB | {"teams": {"mlops": "owner"}}),
        ("github", GITHUB | {"client_id": 5}),
        ("python", {"versions": [3.1], "default": "3.11"}),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(key: str, value: object) -> None:
    assert len(faults(**{key: value})) == 1


def faults(**changed: object) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(SHIPPED | changed)]

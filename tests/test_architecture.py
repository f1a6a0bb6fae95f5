"""docs/architecture.md says what `make check` holds: the layers, the modules that touch something, what is where."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.helpers.machine import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CONTRACTS = SETTINGS["importlinter"]["contracts"]
BANNED = SETTINGS["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
NAMED = re.compile(r"`([\w.]+)`")


def tables(title: str) -> list[list[list[str]]]:
    """Return the cells of each row of all tables whose first column has a title."""
    found = re.findall(rf"^\| {title} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()] for table in found]


WHOLE, TOOL = tables("Path")
PATHS = [("", row[0]) for row in WHOLE] + [("src/rnd/", row[0]) for row in TOOL]


def test_the_layers_are_those_of_the_contract() -> None:
    contract = next(one for one in CONTRACTS if one.get("exhaustive"))
    listed = re.findall(r"^\d+\. (.+)$", PAGE.partition("## Layers")[2].partition("## ")[0], re.MULTILINE)
    assert [set(NAMED.findall(line)) for line in listed] == [set(layer.split(" | ")) for layer in contract["layers"]]


@pytest.mark.parametrize(("folder", "paths"), PATHS)
def test_each_path_of_the_map_exists(folder: str, paths: str) -> None:
    for path in re.findall(r"`([\w./-]+)`", paths):
        assert (ROOT / folder / path).exists()


def test_the_map_names_each_part_of_the_tool() -> None:
    named = {path.strip("/") for row in TOOL for path in re.findall(r"`([\w./-]+)`", row[0])}
    parts = {path.name for path in (ROOT / "src" / "rnd").iterdir() if (path / "__init__.py").exists()}
    assert parts - {path.partition("/")[0] for path in named} == set()


@pytest.mark.parametrize(("checked", "by"), [(row[0], row[2]) for row in tables("What")[0]])
def test_what_checks_an_access_is_there(checked: str, by: str) -> None:
    protected = {name for one in CONTRACTS for name in one.get("protected_modules", ())}
    names = set(NAMED.findall(by))
    if "contract" in by:
        assert names & protected, checked
    if "ruff bans" in by:
        assert {name for name in names - protected if name not in BANNED} == set()
    if "scripts/rules.py" in by:
        assert "python -m scripts.rules" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"contract|ruff bans|scripts/rules\.py", by), checked

"""Repo-Review finds nothing in a generated repository but what `docs/repo-review.md` explains by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from repo_review.processor import process

from rnd.organisation import load_organisation
from rnd.project.template import CHECKOUT, find_template, render

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = load_organisation().python


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "python_version"), [("uv", PYTHON.versions[0]), ("uv", PYTHON.default), ("conda", PYTHON.default)]
)
def test_what_it_finds_is_explained(tmp_path: Path, tool: str, python_version: str) -> None:
    folder = tmp_path / "repository"
    data = {"project_name": "my_project", "python_version": python_version, "dependency_tool": tool}
    render(find_template(str(CHECKOUT), None, ""), folder, data, {}, ask=False)
    found = {result.name for result in process(folder).results if result.result is False}
    page = (CHECKOUT / "docs" / "repo-review.md").read_text(encoding="utf-8")
    common, _, conda = page.partition("\nOnly with conda:\n")
    explained = common + conda * (tool == "conda")
    assert found == set(re.findall(r"^\| ([A-Z]+\d+) \|", explained, re.MULTILINE))

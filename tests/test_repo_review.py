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


@pytest.mark.parametrize("python_version", sorted({PYTHON.versions[0], PYTHON.default}))
def test_what_it_finds_is_explained(tmp_path: Path, python_version: str) -> None:
    folder = tmp_path / "repository"
    data = {"project_name": "my_project", "python_version": python_version}
    render(find_template(str(CHECKOUT), None, ""), folder, data, {}, ask=False)
    found = {result.name for result in process(folder).results if result.result is False}
    page = (CHECKOUT / "docs" / "repo-review.md").read_text(encoding="utf-8")
    assert found == set(re.findall(r"^\| ([A-Z]+\d+) \|", page, re.MULTILINE))

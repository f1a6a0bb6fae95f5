"""Each benchmark runs: one round, and a page."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.peers import BRACES
from tests.helpers.machine import ROOT, channel

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_creation(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert "rendering" in run("benchmarks.creation", "--rounds", "1", "--output", str(page))
    assert "cookiecutter" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_dependency_tools(tmp_path: Path) -> None:
    channel()
    page = tmp_path / "page.md"
    run("benchmarks.dependency_tools", "--rounds", "1", "--output", str(page))
    assert "| start Python |" in page.read_text(encoding="utf-8")


def test_braces_are_kept_from_cookiecutter() -> None:
    assert BRACES.findall("${{ inputs.version }} {% if %} {# no #} {plain} }}") == ["{{", "{%", "{#"]

"""What a new repository accepts on its second day: the first model, the first notebook."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from pathlib import Path

# A framework that uses a deprecated API of its own, and has one that its users call.
FRAMEWORK = """\
import warnings
def use_old() -> None:
    warnings.warn("old inside", DeprecationWarning)
def old() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=2)
"""
OURS = "import framework\ndef fine():\n    framework.use_old()\ndef deprecated():\n    framework.old()\n"
TESTS = "import aligner.model\ndef test_fine():\n    aligner.model.fine()\n"
DEPRECATED = "def test_deprecated():\n    aligner.model.deprecated()\n"


def ended(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment in a folder."""
    argv = [sys.executable, "-m", *arguments]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def made(template: TemplateRepository, tmp_path: Path) -> Path:
    """A new repository, with nothing installed."""
    return render(template, tmp_path / "made", project_name="aligner")


def test_warnings_about_calls_in_the_package_alone_are_errors(made: Path, tmp_path: Path) -> None:
    options = tomllib.loads((made / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    folder = tmp_path / "run"
    (folder / "aligner").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f"[tool.pytest.ini_options]\nfilterwarnings = {json.dumps(options['filterwarnings'])}\npythonpath = ['.']\n"
    )
    (folder / "framework.py").write_text(FRAMEWORK)
    (folder / "aligner" / "model.py").write_text(OURS)
    (folder / "test_model.py").write_text(TESTS + DEPRECATED)
    run = ended(folder, "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    assert "1 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert "DeprecationWarning: old\n" in run.stdout


def test_a_notebook_needs_no_header_and_keeps_its_imports(made: Path) -> None:
    sources = ["import json", 'json.dumps({"a": 1})', "import os"]
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": [source]}
        for source in sources
    ]
    notebook = made / "notebooks" / "look.ipynb"
    notebook.parent.mkdir()
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    checked = ended(made, "ruff", "check", "--no-cache", "--fix", ".")
    assert checked.returncode == 0, checked.stdout
    assert [cell["source"] for cell in json.loads(notebook.read_text())["cells"]] == [[source] for source in sources]
    (made / "src" / "aligner" / "unused.py").write_text("import os\n")
    assert {"CPY001", "F401"} <= set(ended(made, "ruff", "check", "--no-cache", ".").stdout.split())


@pytest.mark.parametrize("own", [True, False])
def test_instructions_for_agents_belong_to_the_team(template: TemplateRepository, tmp_path: Path, own: bool) -> None:
    folder = tmp_path / "made"
    if own:
        folder.mkdir()
        (folder / "AGENTS.md").write_text("Ours.\n")
    render(template, folder, project_name="aligner")
    text = (folder / "AGENTS.md").read_text()
    assert (text == "Ours.\n") is own
    assert len(text.splitlines()) < 30
    assert (folder / "CLAUDE.md").read_text() == "@AGENTS.md\n"

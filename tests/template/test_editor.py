"""A generated repository opens in an editor without a warning: Pyright, which editors check Python with, has none."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fake_github.cache import alone, cache_folder
from rnd import process
from rnd.project.template import CHECKOUT, find_template, render

NODE = Path(__file__).parents[1] / "helpers" / "node"


@pytest.fixture(scope="module")
def pyright() -> Path:
    """The program, in the version of `package-lock.json`; downloaded once."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    made = cache_folder() / f"pyright-{hashlib.sha256((NODE / 'package-lock.json').read_bytes()).hexdigest()[:16]}"
    with alone(made.with_suffix(".lock")):
        if not made.exists():
            with TemporaryDirectory(dir=made.parent) as place:
                for file in ("package.json", "package-lock.json"):
                    shutil.copy2(NODE / file, place)
                process.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=place)
                Path(place, "node_modules", "pyright").rename(made)
    return made / "index.js"


def open_in_editor(pyright: Path, folder: Path) -> tuple[int, list[str]]:
    """Return how many files an editor checks, and what it marks; imports are looked up in this environment."""
    argv = ["node", str(pyright), "--pythonpath", sys.executable, "--outputjson"]
    found = json.loads(subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False).stdout)
    return found["summary"]["filesAnalyzed"], [
        f"{Path(one['file']).name}: {one['message']}" for one in found["generalDiagnostics"]
    ]


@pytest.mark.parametrize("tool", ["uv", "conda"])
def test_nothing_is_marked(pyright: Path, tmp_path: Path, tool: str) -> None:
    data = {"project_name": "my_project", "dependency_tool": tool}
    render(find_template(str(CHECKOUT), None, ""), tmp_path, data, {}, ask=False)
    files, marked = open_in_editor(pyright, tmp_path)
    assert marked == []
    assert files >= len([*tmp_path.rglob("*.py")]) >= 3
    interpreter = json.loads((tmp_path / ".vscode" / "settings.json").read_text())["python.defaultInterpreterPath"]
    assert interpreter == f"${{workspaceFolder}}/{'.venv' if tool == 'uv' else '.conda'}/bin/python"
    if tool == "uv":
        (tmp_path / "tests" / "test_more.py").write_text("import my_project\n\nmy_project.missing()\n")
        assert len(open_in_editor(pyright, tmp_path)[1]) == 1, "a mistake is marked"

"""The README's examples run as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(
    r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
TESTS = {title: code for title, code in BLOCKS if "\ndef test_" in code}
SCRIPTS = {title: code for title, code in BLOCKS if title not in TESTS}


def test_every_section_with_code_is_run() -> None:
    assert list(TESTS) == ["In a test"]
    assert list(SCRIPTS) == ["In a script", "GraphQL", "Many repositories", "Rate limits"]
    assert README.read_text(encoding="utf-8").count("```python\n") == len(BLOCKS)


@pytest.mark.parametrize("title", SCRIPTS)
def test_a_script_runs(tmp_path: Path, title: str) -> None:
    completed = run(tmp_path, "-c", SCRIPTS[title])
    assert completed.returncode == 0, completed.stderr


def test_the_test_runs(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(TESTS["In a test"], encoding="utf-8")
    completed = run(tmp_path, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", f"--rootdir={tmp_path}")
    assert completed.returncode == 0, completed.stdout
    assert "1 passed" in completed.stdout


def test_a_violation_fails_the_test_that_uses_the_fixture(tmp_path: Path) -> None:
    lines = ["import httpx", "def test_it(fake_github):", "    httpx.get(f'{fake_github.api_url}/zen')"]
    (tmp_path / "test_example.py").write_text("\n".join(lines), encoding="utf-8")
    completed = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}")
    assert "GET /zen: the server has no such operation" in completed.stdout
    assert "1 passed, 1 error" in completed.stdout


def test_the_plugin_does_not_import_the_server(tmp_path: Path) -> None:
    code = (
        "import sys, fake_github.pytest_plugin; print('fake_github.server' in sys.modules, 'werkzeug' in sys.modules)"
    )
    assert run(tmp_path, "-c", code).stdout == "False False\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)

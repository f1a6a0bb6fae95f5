"""What the linters and hooks find today: files that are not Python, and files that checks refuse."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.adopt.linting import lint, refused, unformatted
from rnd.errors import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path


def stand_in(monkeypatch: pytest.MonkeyPatch, code: int, said: str) -> list[tuple[str, ...]]:
    """Let each program print a text and exit with a code, and return what is called."""
    calls: list[tuple[str, ...]] = []

    def attempt(_: Path, *arguments: str, **__: object) -> subprocess.CompletedProcess[str]:
        calls.append(arguments)
        return subprocess.CompletedProcess(arguments, code, said, "")

    monkeypatch.setattr(uv, "attempt", attempt)
    return calls


def finding(folder: Path, name: str, code: str) -> dict[str, str]:
    return {"filename": str(folder.resolve() / name), "code": code}


def test_a_file_that_is_not_python_is_reported_and_never_formatted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    report = [finding(tmp_path, "old.py", "invalid-syntax"), finding(tmp_path, "a.py", "E501")]
    stand_in(monkeypatch, 2, json.dumps(report))  # ruff exits with 2 if it cannot parse a file
    assert lint(tmp_path, "ruff") == ({"old.py": [], "a.py": ["E501"]}, ["old.py"])
    assert unformatted(tmp_path, "ruff") == ["a.py"]


def test_a_ruff_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    stand_in(monkeypatch, 2, "error: unknown setting")
    with pytest.raises(CommandFailed):
        unformatted(tmp_path, "ruff")


def test_files_that_a_check_names_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ipynb").write_text('{"output_type": "stream"}')
    (tmp_path / "b.ipynb").write_text("{}")
    calls = stand_in(monkeypatch, 1, 'could not parse\n  in "x/two.yml", line 1')
    paths = ["x/two.yml", "one.yaml", "a.py", "a.ipynb", "b.ipynb"]
    assert refused(tmp_path, "pre-commit-hooks>=5", paths) == {
        "check-yaml": ["x/two.yml"],
        "notebook-outputs": ["a.ipynb"],
    }
    assert [call[-3:] for call in calls] == [("check-yaml", "one.yaml", "x/two.yml")]

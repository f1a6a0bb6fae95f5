"""Other programs: run without a shell and without what would mislead them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.errors import CommandFailed, DiskFull, ToolMissing

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str) -> tuple[str, str, str]:
    """Return the command line that runs some code."""
    return sys.executable, "-c", code


def test_output_is_returned() -> None:
    assert process.run(*python("print('hello')")) == "hello\n"


def test_nothing_can_wait_for_input() -> None:
    assert process.run(*python("import sys; print(repr(sys.stdin.read()))")) == "''\n"


def test_a_failure_says_what_ran_and_the_last_words() -> None:
    with pytest.raises(CommandFailed) as caught:
        process.run(*python("import sys; [print(n, file=sys.stderr) for n in range(20)]; sys.exit(7)"))
    assert "ended with exit code 7:\n… (8 lines before)\n8\n" in caught.value.happened
    assert caught.value.happened.endswith("\n19")


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ToolMissing, match="no-such-program is not installed"):
        process.run("no-such-program")


def test_a_folder_that_is_not_there_is_no_missing_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        process.attempt(*python(""), cwd=tmp_path / "none")


def test_a_full_disk_is_named_as_such() -> None:
    with pytest.raises(DiskFull):
        process.run(*python("raise OSError(28, 'No space left on device')"))


def test_output_that_is_no_text_is_taken_all_the_same() -> None:
    assert process.run(*python("import sys; sys.stdout.buffer.write(b'\\xff')")) == "\ufffd"


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "GIT_DIR", "GIT_INDEX_FILE", "UV_PROJECT_ENVIRONMENT"])
def test_misleading_variables_are_dropped(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "elsewhere")
    assert process.run(*python(f"import os; print(os.environ.get({name!r}))")) == "None\n"


def test_a_uv_off_path_is_found_by_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\necho this one\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("UV", str(tmp_path / "uv"))
    assert not process.on_path("uv")
    assert process.run("uv") == "this one\n"
    assert process.run("sh", "-c", "uv") == "this one\n"

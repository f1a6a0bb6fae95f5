"""What a step gives to GitHub Actions: lines that are added to files, and never two where one was meant."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd.ci.outputs import add_path, mask, set_variables, write_outputs, write_summary
from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_outputs_of_a_step_are_lines_that_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "output"
    file.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    write_outputs({"a": "b=c", "empty": ""})
    assert file.read_text() == "before=1\na=b=c\nempty=\n"


@pytest.mark.parametrize("value", ["b\nc=d", "b\rc", "b\u2028c"])
def test_an_output_never_becomes_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    with pytest.raises(ValueError, match="single line"):
        write_outputs({"a": value})
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("variable", "write", "text"),
    [
        ("GITHUB_OUTPUT", partial(write_outputs, {"a": "1"}), "a=1\n"),
        ("GITHUB_ENV", partial(set_variables, {"A": "1", "B": ""}, "Leave it out."), "A=1\nB=\n"),
        ("GITHUB_PATH", partial(add_path, Path("/bin"), "Leave it out."), "/bin\n"),
        ("GITHUB_STEP_SUMMARY", partial(write_summary, "# Title\n\ntext\n"), "# Title\n\ntext\n"),
    ],
)
def test_each_file_is_named_by_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, write: Callable[[], None], text: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=f"{variable} is not set"):
        write()
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    write()
    assert (tmp_path / "file").read_text() == text


def test_a_secret_is_hidden_from_here_on(capsys: pytest.CaptureFixture[str]) -> None:
    mask("word")
    assert capsys.readouterr().out == "::add-mask::word\n"

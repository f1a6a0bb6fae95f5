"""The word list: stilted words are found where prose is, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.words import main, places, python_prose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We mend it anew.\n", ["mend", "anew"]),
        ("Checks are held\nagainst the list.\n", ["held against"]),
        ("# It is\n# told twice.\n", ["is told"]),
        ("This is no answer.\n", ["is no"]),
        ("Whatever becomes of it, whoever asks.\n", ["Whatever becomes of", "whoever"]),
        ("There is no answer, and it is no longer needed.\n", []),
        ("They run all at once. Recommend it, amended.\n", []),
        ("Return whether the check passes.\n", []),
    ],
)
def test_a_stilted_word_is_found_and_plain_ones_are_not(text: str, words: list[str]) -> None:
    assert [place.word for place in places("page.md", text)] == words


def test_only_the_prose_of_a_python_file_counts() -> None:
    source = 'def mend(anew: int) -> str:\n    """Fix it."""\n    return "it shall"  # lest it fails\n'
    found = places("module.py", python_prose(source))
    assert [(place.line, place.word) for place in found] == [(3, "shall"), (3, "lest")]


def test_too_many_stilted_words_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text("Plain words.\nThey shall pass.\n", encoding="utf-8")
    assert main(tmp_path) == 1
    printed = capsys.readouterr().out
    assert "docs/page.md:2: shall (write: must, will, or the present tense)\n" in printed
    assert "docs           1 of       5 words\n" in printed


def test_a_clean_text_passes(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Plain words pass.\n", encoding="utf-8")
    assert main(tmp_path) == 0

"""The answers file: what is read, and what is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rnd.answers import ANSWERS_FILE, read_project
from rnd.errors import NotGenerated

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = """\
_commit: 1.0.0
_src_path: git@example.com:acme/template.git
author: Ada Lovelace <ada@example.com>
dependency_tool: conda
project_name: aligner
python_version: '3.11'
"""


def test_what_is_read(tmp_path: Path) -> None:
    (tmp_path / ANSWERS_FILE).write_text(ANSWERS)
    project = read_project(tmp_path)
    assert (project.name, project.python_version, project.commit) == ("aligner", "3.11", "1.0.0")
    assert project.dependency_tool == "conda"
    assert project.source == "git@example.com:acme/template.git"


def test_answers_from_before_the_tool_was_asked_for_are_of_uv(tmp_path: Path) -> None:
    (tmp_path / ANSWERS_FILE).write_text(ANSWERS.replace("dependency_tool: conda\n", ""))
    assert read_project(tmp_path).dependency_tool == "uv"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "contains no answers"),
        ("- a list", "contains no answers"),
        ("a: [", "cannot be read"),
        ("\0", "cannot be read"),
        (ANSWERS.replace("project_name", "name"), "has no 'project_name', so it is from a different template"),
        (ANSWERS.replace("conda", "poetry"), "Unknown dependency_tool poetry in .*; expected uv or conda"),
        (ANSWERS.replace("'3.11'", "./py.sh"), "has './py.sh' as its python_version"),
        (ANSWERS.replace("1.0.0", "--orphan=x"), "has '--orphan=x' as its _commit"),
        (ANSWERS.replace("aligner", "../../x"), "as its project_name"),
        (ANSWERS.replace("git@example", "--upload-pack=x git@example"), "as its _src_path"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n", "line 2 has an alias"),
        ("a: " + "[" * 2000, "deeper than 50 levels"),
        ("a: " + "x" * 200_000, "longer than 100000 characters"),
        ("a: !!timestamp x", "does not match its tag"),
        ("a: 0x" + "f" * 50_000, "cannot be read"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / ANSWERS_FILE).write_text(content)
    with pytest.raises(NotGenerated, match=said):
        read_project(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ANSWERS_FILE)
    with pytest.raises(NotGenerated, match="is not a file"):
        read_project(tmp_path)

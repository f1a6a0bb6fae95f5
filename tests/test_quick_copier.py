"""Copier in this process: what has changed since the last rendering is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from copier import run_copy

from tests.helpers.git import git, make_repository

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = '_external_data:\n  org: "{{ _copier_conf.src_path }}/org.yml"\nname:\n  type: str\n  default: Ada\n'
FILES = {
    "copier.yml": QUESTIONS,
    "org.yml": "owner: acme\n",
    "said.txt.jinja": "{{ name }} of {{ _external_data.org.owner }} [[ name ]]\n",
}


def render(template: Path, folder: Path) -> str:
    """Render a template and return its file."""
    run_copy(str(template), folder, defaults=True, unsafe=True, quiet=True, overwrite=True)
    return (folder / "said.txt").read_text()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("said.txt.jinja", " of ", " from ", "Ada from acme [[ name ]]\n"),
        ("org.yml", "acme", "other", "Ada of other [[ name ]]\n"),
        ("copier.yml", "Ada", "Grace", "Grace of acme [[ name ]]\n"),
        (
            "copier.yml",
            "_external_data:\n",
            "_envops:\n  comment_start_string: '[['\n  comment_end_string: ']]'\n_external_data:\n",
            "Ada of acme \n",
        ),
    ],
)
def test_each_change_is_rendered(template: Path, tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    assert render(template, tmp_path / "one") == "Ada of acme [[ name ]]\n"
    (template / file).write_text(FILES[file].replace(old, new))
    assert render(template, tmp_path / "two") == said
    (template / file).write_text(FILES[file])
    assert render(template, tmp_path / "three") == "Ada of acme [[ name ]]\n"


def test_the_mode_of_a_file_gets_into_the_index_of_git(template: Path, tmp_path: Path) -> None:
    """Where git does not look at the modes of files, copier tells it."""
    (template / "said.txt.jinja").chmod(0o755)
    folder = tmp_path / "made"
    make_repository(folder, {"said.txt": "old\n"})
    git(folder, "config", "core.fileMode", "false")
    render(template, folder)
    assert git(folder, "ls-files", "--stage", "said.txt").startswith("100755 ")

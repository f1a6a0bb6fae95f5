"""The author of a new project, read from git if the answer is empty, because plain copier cannot ask git."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from rnd import git
from rnd.answers import ANSWERS_FILE, read_project
from rnd.errors import IdentityMissing
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.answers import Project


def author_step(project: Project) -> Step:
    """Return the step that fills in the author from git if the answer is empty."""
    folder = project.folder

    def observe() -> State:
        author = (read_project(folder) if folder.exists() else project).author
        return done(author) if author else needed("empty; read from git")

    def fill_in() -> None:
        author = git.identity(folder)
        if author is None:
            raise IdentityMissing("Git has no name and e-mail address for the author.")
        # Write the answer last: the step is not done while the answer is empty.
        _replace_line(folder / "pyproject.toml", "authors = []", f"authors = [{author_table(author)}]")
        answer = yaml.safe_dump({"author": author}, allow_unicode=True, width=1000).strip()
        _replace_line(folder / ANSWERS_FILE, "author: ''", answer)

    return Step("author", "Fill in the author", observe, (Action("authors in pyproject.toml, from git", fill_in),))


def author_table(author: str) -> str:
    """Return `Name <e-mail>` as an inline table of pyproject.toml; JSON strings are valid TOML strings."""
    name, _, email = author.removesuffix(">").partition(" <")
    return f"{{ name = {json.dumps(name, ensure_ascii=False)}, email = {json.dumps(email, ensure_ascii=False)} }}"


def _replace_line(path: Path, old: str, new: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(f"{new}\n" if line == f"{old}\n" else line for line in lines), encoding="utf-8")

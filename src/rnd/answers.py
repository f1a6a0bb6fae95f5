"""The answers that a repository was generated from. Reads `.copier-answers.yml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from rnd import bounded_yaml
from rnd.errors import NotGenerated

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS_FILE = ".copier-answers.yml"
TOOLS = ("uv", "conda")
# Other programs are given these; anything else could be a path or an option to them.
FORMS = {
    "project_name": r"[A-Za-z0-9_]+",
    "python_version": r"[0-9]+\.[0-9]+(\.[0-9]+)?",
    "_commit": r"[A-Za-z0-9][A-Za-z0-9._/+!-]*",
    "_src_path": r"[^\s\x00-\x1f\x7f-][^\x00-\x1f\x7f]*",
}


@dataclass(frozen=True)
class Project:
    """A generated repository.

    Attributes:
        folder: The root folder.
        name: The project name, the answer to the first question.
        author: `Name <e-mail>`, `Name`, or empty if it is not filled in yet.
        dependency_tool: `uv` or `conda`.
        python_version: The Python version, such as `3.11`.
        source: The URL or path of the template.
        commit: The version of the template, as printed by `git describe`.
        on_github: Whether the user asked for a GitHub repository; False if an older answers file has no such answer.
    """

    folder: Path
    name: str
    author: str
    dependency_tool: str
    python_version: str
    source: str
    commit: str
    on_github: bool = False


def read_project(folder: Path) -> Project:
    """Read the answers of a repository.

    Raises:
        NotGenerated: There is no answers file, or it belongs to a different template.
    """
    answers = read_answers(folder)
    for key, form in FORMS.items():
        if key in answers and not re.fullmatch(form, answers[key]):
            raise NotGenerated(f"{folder / ANSWERS_FILE} has {answers[key][:100]!r} as its {key}.")
    try:
        return Project(
            folder=folder,
            name=answers["project_name"],
            author=answers["author"],
            dependency_tool=_tool(answers.get("dependency_tool", "uv")),  # missing in older answers files
            python_version=answers["python_version"],
            source=answers["_src_path"],
            commit=answers["_commit"],
            on_github=answers.get("create_github_repository") == "True",
        )
    except KeyError as error:
        raise NotGenerated(f"{folder / ANSWERS_FILE} has no {error}, so it is from a different template.") from error


def _tool(answer: str) -> str:
    if answer not in TOOLS:
        raise NotGenerated(f"Unknown dependency_tool {answer} in {ANSWERS_FILE}; expected {' or '.join(TOOLS)}.")
    return answer


def read_answers(folder: Path) -> dict[str, str]:
    """Read the raw answers file.

    Raises:
        NotGenerated: It is missing or not readable.
    """
    path = folder / ANSWERS_FILE
    try:
        if path.exists() and not path.is_file():
            raise NotGenerated(f"{path} is not a file.")
        with path.open(encoding="utf-8") as stream:
            answers = bounded_yaml.load(stream.read(bounded_yaml.LONGEST + 1))
        if isinstance(answers, dict):
            return {str(key): str(value) for key, value in answers.items()}
    except FileNotFoundError as error:
        raise NotGenerated(f"{folder} has no {ANSWERS_FILE}.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise NotGenerated(f"{path} cannot be read: {error}.") from error
    raise NotGenerated(f"{path} contains no answers.")

"""Writes `docs/reference/` from the code, so that the two cannot differ: `make docs` calls it, a test compares."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment

from rnd import errors
from rnd.commands import COMMANDS
from rnd.names import derive_names
from rnd.organisation import Organisation, load_organisation
from rnd.project.template import CHECKOUT, Template, render
from rnd_rehearsal.template import copy_what_renders, read_questions
from scripts.costs_page import costs_page
from scripts.defences_page import defences_page
from scripts.markdown import NOTE, fenced, table
from scripts.organisation_page import organisation_page, organisation_schema
from scripts.weaken import read_defences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

FOLDER = CHECKOUT / "docs" / "reference"
EXIT_CODES = {
    errors.ExitCode.DONE: "done, or nothing to do",
    errors.ExitCode.FAILED: "failed",
    errors.ExitCode.USAGE: "wrong usage; nothing was made",
    errors.ExitCode.DIFFERENCE: "a check found a difference",
    errors.ExitCode.INTERRUPTED: "interrupted",
}
# Project names that show each rule at work.
REFUSED = (
    "",
    "my-project",
    "café",
    "2nd_try",
    "_private",
    "my__project",
    "class",
    "json",
    "pytest",
    "docs",
    "con",
    "a" * 100,
)


def generate() -> dict[Path, str]:
    """Return the text of every generated page."""
    organisation = load_organisation()
    schema = organisation_schema()
    return {
        FOLDER / "commands.md": commands_page(),
        FOLDER / "costs.md": costs_page(organisation),
        FOLDER / "defences.md": defences_page(read_defences()),
        FOLDER / "errors.md": errors_page(),
        FOLDER / "organisation.md": organisation_page(schema),
        FOLDER / "org.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        FOLDER / "questions.md": questions_page(organisation),
    }


def commands_page() -> str:
    """Return the help of every command, and the exit codes."""
    codes = table(("exit code", "meaning"), ((str(int(code)), EXIT_CODES[code]) for code in errors.ExitCode))
    parts = [
        NOTE.format(source="src/rnd/commands/"),
        "# Commands\n",
        "Progress and errors go to standard error, results to standard output.",
        "Colour is used only on a terminal, and never if `NO_COLOR` is set.\n",
        codes,
        f"## rnd\n\n{fenced(help_of())}",
        *(f"## rnd {name}\n\n{fenced(help_of(name))}" for name in COMMANDS),
    ]
    return "\n".join(parts)


def help_of(*command: str) -> str:
    """Return the help of a command at the default width."""
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "FORCE_COLOR"}}
    argv = (sys.executable, "-m", "rnd", *command, "--help")
    said = subprocess.run(argv, capture_output=True, text=True, check=True, env=kept | {"NO_COLOR": "1"})
    return said.stdout


def part_catalogues() -> Iterator[ModuleType]:
    """Yield each module that defines the errors of one part of the tool."""
    for file in sorted(Path(errors.__file__).parent.glob("*/errors.py")):
        yield importlib.import_module(f"rnd.{file.parent.name}.errors")


def errors_page() -> str:
    """Return the page of all errors, in source order."""
    catalogue = [
        item
        for module in (errors, *part_catalogues())
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, errors.RndError) and item.__module__ == module.__name__
        if item is not errors.RndError
    ]
    parts = [
        NOTE.format(source="src/rnd/errors.py and the errors.py of each folder beside it"),
        "# Errors\n",
        "An error message states what happened; its last line states what to do. The code in brackets is stable.",
        "With `--json`, it is in `error.code`.\n",
        "```\nerror[answer-refused]: project_name: A project name cannot start with a digit, because …",
        "  Answer with a value that keeps the rule; nothing was made.\n```\n",
    ]
    parts += [
        f"## {error.code}\n\n{inspect.getdoc(error)}\n\n**What to do**: {error.hint}\n\n"
        f"Exit code {int(error.exit_code)}, {EXIT_CODES[error.exit_code].split(';')[0]}.\n"
        for error in catalogue
    ]
    return "\n".join(parts)


def questions_page(organisation: Organisation) -> str:
    """Return the questions with their defaults and rules, and the names derived from the project name."""
    rows = (_question(name, node, organisation) for name, node in read_questions(CHECKOUT).items())
    parts = [
        NOTE.format(source="copier.yml and questions/"),
        "# Questions\n",
        "`rnd new` asks these questions on a terminal. Answer them in advance with `--data NAME=VALUE` or",
        "`--data-file FILE`.\n",
        table(
            ("name", "question", "default"),
            rows,
        ),
        "## project_name\n",
        "These names are derived from it, in lower case:\n",
        _names_table(organisation),
        "A project name that is invalid for any of them is rejected before anything is created:\n",
        table(("answer", "error message"), _refusals()),
        "## author\n",
        "One line: `Name` or `Name <e-mail>`. `rnd new` suggests the author from the git configuration. With stock",
        "copier the default is empty, and the set-up then fills in the name and e-mail address from git.\n",
        "## dependency_tool\n",
        "`uv` installs packages from package indexes, `conda` from conda channels. Everything else is the same.",
        "See [uv or conda](../uv-or-conda.md) for how to choose, and [conda](../how-to/conda.md) for its usage.\n",
        _tools_table(),
        "## create_github_repository\n",
        "If yes, `rnd` also creates and protects the repository on GitHub and opens its first pull request; see",
        "[The repository on GitHub](../how-to/repository-on-github.md). Without a token or a network connection, the",
        "local repository is still created, and the last message explains how to continue. If no, `rnd` works only on",
        "this machine and needs no account. In scripts, use `--data create_github_repository=false`.\n",
        "## python_version\n",
        f"One of {', '.join(f'`{version}`' for version in organisation.python.versions)}: the oldest Python version",
        "that the project supports, which is also the version of its environment. Choose the newest that your",
        "dependencies support. For uv, `rnd new` shows which versions are installed and which uv can download. For",
        "conda, Python is a package of the channel; a version that the channel does not have is rejected before",
        "anything is created.\n",
    ]
    return "\n".join(parts)


def _question(name: str, node: Mapping[str, Any], organisation: Organisation) -> list[str]:
    if node["type"] == "bool":
        return [f"`{name}`", node["help"], "`yes`" if node["default"] else "`no`"]
    template = Environment(autoescape=False).from_string(node.get("default", ""))  # noqa: S701 - no HTML
    default = template.render(_external_data={"org": organisation.model_dump()})
    shown = f"`{default}`" if default else "empty" if "default" in node else "none: it must be answered"
    return [f"`{name}`", node["help"], shown]


def _names_table(organisation: Organisation) -> str:
    names = derive_names("Template_Test", organisation)
    rows = (
        ("project name", "Template_Test"),
        ("GitHub repository", names.repository),
        ("Python package", names.package),
        ("Docker image", names.image),
        ("import name", names.import_name),
    )
    return table(("what", "for example"), ((what, f"`{name}`") for what, name in rows))


def _tools_table() -> str:
    """Return a table of the differences between repositories that use uv and conda."""
    tools = yaml.safe_load((CHECKOUT / "questions" / "dependency_tools.yml").read_text(encoding="utf-8"))
    meanings = {
        "environment": "the environment",
        "lock": "the lock file",
        "run": "prefix that runs a program in the environment",
        "lock_check": "command of the hook that checks the lock file",
        "sync": "command that updates the environment",
    }
    rows = ((text, *(f"`{tools[tool][key].strip()}`" for tool in tools)) for key, text in meanings.items())
    return table(("what", *(f"`{tool}`" for tool in tools)), rows)


def _refusals() -> Iterator[list[str]]:
    """Yield invalid project names with the actual error message."""
    with TemporaryDirectory() as folder:
        source = str(copy_what_renders(CHECKOUT, Path(folder) / "template"))
        for name in REFUSED:
            draft = Path(folder) / "draft"
            try:
                render(Template(source, source, "HEAD"), draft, {"project_name": name}, {}, ask=False)
            except (errors.AnswerRefused, errors.AnswerMissing) as refusal:
                shown = f"`{name}`" if len(name) < 30 else f"{len(name)} times `{name[0]}`"
                yield [shown if name else "(nothing)", refusal.message.removeprefix("project_name: ")]
            else:
                raise ValueError(f"{name} is not refused")


def main() -> None:
    """Write every page that has changed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in generate().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(CHECKOUT))


if __name__ == "__main__":
    main()

"""Copier in this process, without what it does again for the same result.

Each rendering compiles the same templates and parses the same YAML, which is most of what it costs. What Jinja makes of
a text depends on the text, its name and the settings of the environment; the path of the file only appears in
tracebacks. Copier also asks git about each file that it writes, where there is no repository too. Programs that a test
starts do all of it, as those of a user do.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from copier import _main as copier_main
from copier import _template as copier_template
from copier import _user_data as copier_data
from copier._jinja_ext import SandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import CodeType

    from jinja2 import Environment, nodes

COMPILED: dict[Hashable, CodeType] = {}
PARSED: dict[Hashable, bytes] = {}
# https://jinja.palletsprojects.com/en/stable/api/#jinja2.Environment
SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("undefined", "optimized", "finalize", "autoescape"),
)
compile_each_time: Any = SandboxedEnvironment.compile
read_each_time = copier_data.load_answersfile_data
ask_each_time = copier_template.load_template_config
mark_each_time = copier_main.Worker._sync_git_index_executable_bit  # noqa: SLF001


def pytest_configure(config: pytest.Config) -> None:
    """Let copier be quick until the end of the session."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    be_quick(patch)


def be_quick(patch: pytest.MonkeyPatch) -> None:
    """Keep what copier compiles and parses in this process and its forks."""
    patch.setattr(SandboxedEnvironment, "compile", compile_once)
    patch.setattr(copier_main, "load_answersfile_data", read_once)
    patch.setattr(copier_template, "load_template_config", read_questions_once)
    patch.setattr(copier_main.Worker, "_sync_git_index_executable_bit", mark_in_git)


def compile_once(
    environment: Environment,
    source: str | nodes.Template,
    name: str | None = None,
    filename: str | None = None,
    **options: bool,
) -> Any:  # noqa: ANN401
    """Compile a template as Jinja does, unless that has been done."""
    if options or not isinstance(source, str):
        return compile_each_time(environment, source, name, filename, **options)
    key = (
        *(getattr(environment, setting) for setting in SETTINGS),
        *map(frozenset, (environment.extensions, environment.filters, environment.tests)),
        *(source, name),
    )
    if key not in COMPILED:
        COMPILED[key] = compile_each_time(environment, source, name, filename)
    return COMPILED[key].replace(co_filename=filename or "<template>")


def read_once(folder: Path | str, file: Path | str = ".copier-answers.yml", **options: bool) -> Any:  # noqa: ANN401
    """Parse a file of answers or values as copier does, unless another rendering has parsed the same text."""
    try:
        text = Path(folder, file).read_bytes()
    except OSError:
        return read_each_time(folder, file, **options)
    return _parse_once(("values", text), lambda: read_each_time(folder, file, **options))


def read_questions_once(file: Path, *options: bool) -> Any:  # noqa: ANN401
    """Parse a copier.yml as copier does, unless another rendering has parsed the same text."""
    text = file.read_bytes()
    if b"!include" in text:
        return ask_each_time(file, *options)
    return _parse_once(("questions", text), lambda: ask_each_time(file, *options))


def mark_in_git(worker: copier_main.Worker, *given: Any) -> None:  # noqa: ANN401
    """Put the mode of a file into the index of git, where there is one."""
    folder = worker.subproject.local_abspath
    if any((one / ".git").exists() for one in (folder, *folder.parents)):
        mark_each_time(worker, *given)


def _parse_once(key: Hashable, parse: Callable[[], object]) -> Any:  # noqa: ANN401
    if key not in PARSED:
        PARSED[key] = pickle.dumps(parse())
    return pickle.loads(PARSED[key])

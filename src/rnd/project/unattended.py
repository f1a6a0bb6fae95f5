"""Updates a repository with copier, without questions, tasks or migrations: nothing of the template is executed.

What does not depend on the repository is shared by all updates of a process: the files of each release, and the
compiled templates. Copier itself clones the template five times for each update.
"""

from __future__ import annotations

import atexit
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from copier._main import Worker  # the function `run_update` has no way to skip migrations
from copier._template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import CodeType

    from copier._jinja_ext import SandboxedEnvironment
    from copier._subproject import Subproject

SETTINGS: dict[str, Any] = {"defaults": True, "overwrite": True, "unsafe": True, "quiet": True, "skip_tasks": True}


def update(folder: Path, ref: str) -> None:
    """Update a repository to a tag of its template.

    Args:
        folder: Root of the git repository.
        ref: The tag.
    """
    with Unattended(dst_path=folder, vcs_ref=ref, skip_answered=True, **SETTINGS) as worker:
        worker.run_update()


def create(source: str, ref: str, folder: Path, data: Mapping[str, object]) -> None:
    """Make a repository from a tag of a template.

    Args:
        source: URL or folder of the template.
        ref: The tag.
        folder: Where it is made.
        data: Answers; the other questions get their defaults.
    """
    with Unattended(src_path=source, dst_path=folder, data=dict(data), vcs_ref=ref, **SETTINGS) as worker:
        worker.run_copy()


@cache
def shared_template(url: str, ref: str | None) -> Template:
    """Return a release of a template, which is cloned at most once in this process and stays until its end.

    Args:
        url: The address of the template.
        ref: The tag, branch or commit.
    """
    template = Template(url=url, ref=ref)
    atexit.register(template._cleanup)  # noqa: SLF001 - its files are used by every later update
    return template


@cache
def compiled(url: str, ref: str | None) -> dict[tuple[object, ...], CodeType]:
    """Return the compiled templates of a release, which are filled in as they are needed."""
    del url, ref  # the key: another release can have other settings of Jinja
    return {}


class New(Worker):
    """Copier's worker for a folder outside of git."""

    def _sync_git_index_executable_bit(self, *_: object, **__: object) -> None:
        """Start no git for each file: there is no index that could have its mode."""


class Unattended(Worker):
    """Copier's worker, with the shared parts."""

    def _execute_tasks(self, *_: object, **__: object) -> None:
        """Run neither tasks nor migrations."""

    def _sync_git_index_executable_bit(self, *_: object, **__: object) -> None:
        """Leave the index alone: copier looks at each file for `core.fileMode`, which is off on Windows only."""

    @cached_property
    def subproject(self) -> Subproject:
        """The repository; its template is a shared one."""
        found = super().subproject
        url, ref = (found.last_answers.get(key) for key in ("_src_path", "_commit"))
        if url:
            found.__dict__["template"] = shared_template(str(url), None if ref is None else str(ref))
        return found

    @cached_property
    def template(self) -> Template:
        """The release of the template, shared."""
        url = self.src_path or (self.subproject.template.url if self.subproject.template else "")
        return shared_template(str(url), self.resolved_vcs_ref)

    @cached_property
    def jinja_env(self) -> SandboxedEnvironment:
        """The environment of Jinja, which compiles each template once in this process."""
        environment = super().jinja_env
        known = compiled(self.template.url, self.template.ref)
        setattr(environment, "compile", partial(_compile, known, environment.compile))  # noqa: B010 - a method
        return environment


def _compile(
    known: dict[tuple[object, ...], CodeType],
    compile_: Callable[..., CodeType],
    source: str,
    name: str | None = None,
    filename: str | None = None,
    **options: object,
) -> CodeType:
    """Return a compiled template, from what is known if it is there."""
    key = (source, name, filename, *sorted(options.items()))
    if key not in known:
        known[key] = compile_(source, name, filename, **options)
    return known[key]

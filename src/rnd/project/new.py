"""Creates a repository: asks the questions, renders into a staging folder, locks, moves it into place, sets it up."""

from __future__ import annotations

import errno
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.answers import ANSWERS_FILE, Project, read_answers, read_project
from rnd.environments.environment import environment_of
from rnd.environments.uv import available_pythons
from rnd.errors import DestinationRefused, NotGenerated, UsageError
from rnd.names import derive_names
from rnd.plan import Action, Plan, State, Step
from rnd.project import template
from rnd.project.repository import check_place
from rnd.project.setup import check_identity, check_tools, completion, preparation, setup_steps
from rnd.staging import remove_abandoned, staging

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from rnd.organisation import Organisation
    from rnd.project.github import GitHubSetup

STAGING = ".rnd-new-"


@dataclass(frozen=True)
class Request:
    """The user's request.

    Attributes:
        folder: The destination; None for a new folder in the current one, named like the GitHub repository.
        data: Answers that are not asked.
        ask: Whether to ask the other questions; otherwise their defaults are used.
        template: The template to render.
        connect: Connects a project to GitHub; called when the answers are known, before anything is created.
    """

    folder: Path | None
    data: Mapping[str, object]
    ask: bool
    template: template.Template
    connect: Callable[[Project], GitHubSetup | None]


@contextmanager
def plan_new(request: Request, organisation: Organisation) -> Generator[tuple[Plan, Project, GitHubSetup | None]]:
    """Ask the questions, render next to the destination, and yield the plan that moves the draft and sets it up.

    The staging folder is removed at the end, so a dry run, an error or an interrupt leaves nothing behind. If the
    destination already contains the project, the plan only sets it up.

    Raises:
        RndError: A preflight check, an answer or the rendering failed; nothing was created.
    """
    asked = request.folder or Path.cwd() / "unnamed"
    check_place(asked)
    check_identity(_existing(asked))
    beside = _existing(asked.parent)
    there = _already_there(asked, request.data)
    if there is None:
        with _staging(beside) as place:
            draft = _draft(request, place / "draft")
            folder = request.folder or Path.cwd() / derive_names(draft.name, organisation).repository
            there = _already_there(folder, {"project_name": draft.name})
            if there is None:
                project = replace(draft, folder=folder)
                github = request.connect(project)
                last = github.steps if github else ()
                steps = (*preparation(draft), _files_step(draft, folder), *completion(project), *last)
                yield Plan(f"create {project.name} in {folder}", steps), project, github
                return
    github = request.connect(there)
    last = github.steps if github else ()
    yield Plan(f"finish {there.name} in {there.folder}", (*setup_steps(there), *last)), there, github


def _draft(request: Request, folder: Path) -> Project:
    """Render the draft, and reject answers to unknown questions and missing programs."""
    proposed: dict[str, object] = {"author": git.identity(folder.parent) or ""}
    if request.ask and process.find("uv"):
        proposed["pythons"] = available_pythons()
    template.render(request.template, folder, request.data, proposed, ask=request.ask)
    answers = [name for name in read_answers(folder) if not name.startswith("_")]
    unknown = set(request.data) - set(answers)
    if unknown:
        raise UsageError(
            f"Unknown question: {', '.join(sorted(unknown))}.", f"The questions are: {', '.join(answers)}."
        )
    project = read_project(folder)
    check_tools(environment_of(project).programs)
    return project


def _files_step(draft: Project, folder: Path) -> Step:
    """Return the step that moves all rendered files and the lock file to the destination."""

    def observe() -> State:
        here = folder if folder.is_dir() and any(folder.iterdir()) else draft.folder
        count = sum(1 for path in here.rglob("*") if path.is_file())
        return State(done=here == folder, evidence=f"{count} files of template {draft.commit}")

    def put() -> None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            if Path.cwd().is_relative_to(folder):
                _move_into(draft.folder, folder)
            else:
                draft.folder.rename(folder)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise DestinationRefused(f"{folder} cannot be made: {error.strerror}.") from error
        shutil.rmtree(draft.folder.parent)
        remove_abandoned(draft.folder.parent.parent, STAGING)

    return Step("files", "Put the files in place", observe, (Action(f"move the rendered files to {folder}", put),))


def _move_into(draft: Path, folder: Path) -> None:
    """Move the files into an existing folder that is in use; the answers file goes last, to mark completion."""
    for path in sorted(draft.iterdir(), key=lambda path: path.name == ANSWERS_FILE):
        path.rename(folder / path.name)


def _existing(place: Path) -> Path:
    """Return the nearest existing folder: the path itself or one of its parents."""
    return next(folder for folder in (place, *place.parents) if folder.is_dir())


def _already_there(folder: Path, data: Mapping[str, object]) -> Project | None:
    """Return the project in a folder if it is the requested one; None if the folder is missing or empty.

    Raises:
        DestinationRefused: The folder contains something else, or is a file.
    """
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise DestinationRefused(f"{folder} is a file.")
        return None
    try:
        first = next((path.name for path in folder.iterdir() if not path.name.startswith(STAGING)), None)
    except OSError as error:
        raise DestinationRefused(f"{folder} cannot be read: {error.strerror}.") from error
    if first is None:
        return None
    try:
        project = read_project(folder)
    except NotGenerated:
        raise DestinationRefused(f"{folder} is not empty: it contains {first}.") from None
    wanted = data.get("project_name", project.name)
    if wanted != project.name:
        raise DestinationRefused(f"{folder} contains the project {project.name}, not {wanted}.")
    return project


@contextmanager
def _staging(parent: Path) -> Generator[Path]:
    """Yield an empty folder on the same file system as the destination, and remove it at the end."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(staging(parent, STAGING))
        except OSError as error:
            raise DestinationRefused(f"{parent} is not writable: {error.strerror}.") from error
        yield folder

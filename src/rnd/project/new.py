"""A new repository: asked for, rendered beside its place, locked, moved into it whole, and set up."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rnd.organisation import Organisation
    from rnd.project.hosting import Hosting

STAGING = ".rnd-new-"


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        folder: Where the repository shall be; None for a folder here, named like the GitHub repository.
        data: Answers given beforehand.
        ask: Whether the other questions are asked; otherwise their defaults are taken.
        template: The template to render.
        host: Opens a project's way to GitHub; called once its answers are known, and before anything is made.
    """

    folder: Path | None
    data: Mapping[str, object]
    ask: bool
    template: template.Template
    host: Callable[[Project], Hosting | None]


@contextmanager
def plan_new(request: Request, organisation: Organisation) -> Iterator[tuple[Plan, Project, Hosting | None]]:
    """Ask, render beside the destination, and yield the plan that moves the draft into place and sets it up.

    What was rendered and not moved is removed at the end, so a plan that is only shown, refused or interrupted leaves
    nothing behind. A destination that holds this very project already is only set up.

    Raises:
        RndError: As the preflight, the questions and the rendering have it; nothing was made.
    """
    asked = request.folder or Path.cwd() / "unnamed"
    check_place(asked)
    check_identity(_existing(asked))
    beside = _existing(asked.parent)
    there = _already_there(asked, request.data)
    if there is None:
        with _staging(beside) as staging:
            draft = _draft(request, staging / "draft")
            folder = request.folder or Path.cwd() / derive_names(draft.name, organisation).repository
            there = _already_there(folder, {"project_name": draft.name})
            if there is None:
                project = replace(draft, folder=folder)
                hosting = request.host(project)
                last = hosting.steps() if hosting else ()
                steps = (*preparation(draft), _files_step(draft, folder), *completion(project), *last)
                yield Plan(f"make {project.name} in {folder}", steps), project, hosting
                return
    hosting = request.host(there)
    last = hosting.steps() if hosting else ()
    yield Plan(f"finish {there.name} in {there.folder}", (*setup_steps(there), *last)), there, hosting


def _draft(request: Request, folder: Path) -> Project:
    """Render the draft, and refuse what cannot work: answers to no question, a tool that is not there."""
    proposed: dict[str, object] = {"author": git.identity(folder.parent) or ""}
    if request.ask and process.find("uv"):
        proposed["pythons"] = available_pythons()
    template.render(request.template, folder, request.data, proposed, ask=request.ask)
    answers = [name for name in read_answers(folder) if not name.startswith("_")]
    unknown = set(request.data) - set(answers)
    if unknown:
        raise UsageError(
            f"There is no question called {', '.join(sorted(unknown))}.", f"There are: {', '.join(answers)}."
        )
    project = read_project(folder)
    check_tools(environment_of(project).programs)
    return project


def _files_step(draft: Project, folder: Path) -> Step:
    """The folder holds the rendered files and their lock, all of them or none."""

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
        _remove_abandoned(draft.folder.parent.parent)

    return Step("files", "Put the files in place", observe, (Action(f"move the rendered files to {folder}", put),))


def _move_into(draft: Path, folder: Path) -> None:
    """Fill a folder that somebody stands in, and that must therefore stay; the answers go last, as the sign of all."""
    for path in sorted(draft.iterdir(), key=lambda path: path.name == ANSWERS_FILE):
        path.rename(folder / path.name)


def _existing(place: Path) -> Path:
    """Return the nearest folder that exists, from a place upwards."""
    return next(folder for folder in (place, *place.parents) if folder.is_dir())


def _already_there(folder: Path, data: Mapping[str, object]) -> Project | None:
    """Return the project that a folder holds if it is the one asked for; None if the folder is free.

    Raises:
        DestinationRefused: It is neither.
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
        raise DestinationRefused(f"{folder} is not empty: it holds {first}.") from None
    wanted = data.get("project_name", project.name)
    if wanted != project.name:
        raise DestinationRefused(f"{folder} holds the project {project.name}, not {wanted}.")
    return project


@contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    """Yield an empty folder on the destination's own disk, and remove it at the end."""
    try:
        staging = Path(mkdtemp(prefix=STAGING, dir=parent))
    except OSError as error:
        raise DestinationRefused(f"{parent} cannot be written to: {error.strerror}.") from error
    with _descriptor(staging) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove what the user's own killed runs have left: a run that still works holds a lock on its folder.

    Others may write to the parent: links, pipes, files and folders of another user are passed over.
    """
    for staging in parent.glob(f"{STAGING}*"):
        with suppress(OSError), _descriptor(staging) as descriptor:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(staging)


@contextmanager
def _descriptor(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

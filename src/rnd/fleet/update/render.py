"""Make the commits of an update pull request, in a process that has no token, no home and no network to git.

It runs in the folder that it is given only. Nothing of the repository is executed: copier runs neither tasks nor
migrations, and uv builds no package to learn its dependencies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rnd import git
from rnd.answers import ANSWERS_FILE, read_project
from rnd.errors import DiskFull, RndError
from rnd.fleet.update import locking
from rnd.fleet.update.words import AUTHOR_EMAIL, AUTHOR_NAME, conflict_message, update_message

# Files that a lock file is made from.
LOCK_INPUTS = {"uv": ("pyproject.toml",), "conda": ("environment.yml", "virtual-packages.yml")}
UpdateFolder = Callable[[Path, str], None]


@dataclass(frozen=True)
class Job:
    """A repository to update.

    Attributes:
        folder: A git repository with `main`; its work tree is overwritten.
        main: The commit of `main`.
        release: The release of the template.
        tag: Its tag.
        mirror: The copy of the template.
        update: Brings a folder to a tag of its template; copier.
        upgrade: Whether to upgrade the locked dependencies.
        cooldown: How old a version must be that an upgrade brings.
    """

    folder: Path
    main: str
    release: str
    tag: str
    mirror: Path
    update: UpdateFolder
    upgrade: bool = False
    cooldown: timedelta = timedelta()


@dataclass(frozen=True)
class Rendered:
    """The commits of an update.

    Attributes:
        head: The last one; empty if there is none.
        files: The changed files by kind: `conflict`, `merged`, `new`, `deleted`.
        lock_error: Why the lock file could not be updated; None if it was.
        error: Why there are no commits; None if there are.
        code: The code of that error.
    """

    head: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    lock_error: str | None = None
    error: str | None = None
    code: str = ""

    @property
    def has_conflict(self) -> bool:
        """Whether the last commit has conflict markers."""
        return bool(self.files.get("conflict"))


def render(job: Job) -> Rendered:
    """Update a repository and return its commits; a failure is a result too."""
    try:
        return _render(job)
    except RndError as error:
        return Rendered(error=error.message[: locking.LONGEST], code=error.code)
    except OSError as error:
        code = DiskFull.code if error.errno == 28 else "render-failed"  # ENOSPC
        return Rendered(error=f"{error.strerror}: {error.filename}", code=code)
    except Exception as error:  # noqa: BLE001 - copier and what it calls can raise anything about a strange repository
        return Rendered(error=f"{type(error).__name__}: {error}"[: locking.LONGEST], code="render-failed")


def _render(job: Job) -> Rendered:
    folder = job.folder
    git.run(folder, "checkout", "--quiet", "--force", "--detach", job.main)
    if outside := links_outside(folder):
        return Rendered(error=f"the symbolic link {outside} leads out of the repository", code="render-failed")
    recorded = _record_mirror(job)
    job.update(folder, job.tag)
    _set_source(folder, recorded)
    conflicts = _conflicts(folder)
    lock_error = _lock(job, conflicts)
    git.run(folder, "add", "--all")
    marked = git.run(folder, "write-tree")
    if conflicts:
        git.run(folder, "checkout", "--quiet", job.main, "--", *conflicts)
    clean = git.run(folder, "write-tree") if conflicts else marked
    head = _commit(job, clean, job.main, update_message(job.release, job.main))
    files = _changed(folder, job.main, head)
    if conflicts:
        head = _commit(job, marked, head, conflict_message(job.release, conflicts))
        files["conflict"] = conflicts
    return Rendered(head, files, lock_error)


def links_outside(folder: Path) -> str | None:
    """Return a symbolic link of the repository that leads out of it: copier would write through it."""
    root = folder.resolve()
    for line in git.run(folder, "ls-files", "--stage", "-z").split("\0"):
        if line.startswith("120000 "):
            name = line.partition("\t")[2]
            place = os.path.realpath(folder / name)
            if not Path(place).is_relative_to(root) or ".git" in Path(place).relative_to(root).parts:
                return name
    return None


def _record_mirror(job: Job) -> str:
    """Let the answers name the copy of the template, and return the line that names the template."""
    path = job.folder / ANSWERS_FILE
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"(?m)^_src_path: .*$", text)
    if len(found) != 1:
        raise RndError(f"{ANSWERS_FILE} does not name its template on one line.")
    _set_source(job.folder, f"_src_path: git+file://{job.mirror}")
    # Copier updates clean work trees only.
    git.run(job.folder, *_author(), "commit", "--quiet", "--no-verify", "--message", "source", "--", ANSWERS_FILE)
    return str(found[0])


def _set_source(folder: Path, line: str) -> None:
    path = folder / ANSWERS_FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^_src_path: .*$", lambda _: line, text), encoding="utf-8")


def _conflicts(folder: Path) -> list[str]:
    found = git.attempt(folder, "grep", "-z", "--name-only", "^<<<<<<< before updating")
    return sorted(filter(None, (found or "").split("\0")))


def _lock(job: Job, conflicts: list[str]) -> str | None:
    """Bring the lock file up to date if what it is made from changed, or if asked; return why that failed."""
    project = read_project(job.folder)
    inputs = LOCK_INPUTS[project.dependency_tool]
    if marked := sorted(set(inputs) & set(conflicts)):
        return f"{', '.join(marked)} has conflicts."
    if not job.upgrade and git.attempt(job.folder, "diff", "--quiet", job.main, "--", *inputs) is not None:
        return None
    return locking.lock(project, upgrade=job.upgrade, cooldown=job.cooldown)


def _commit(job: Job, tree: str, parent: str, message: str) -> str:
    """Return a commit that is the same one whenever it is made again: its dates are those of `main`."""
    date = git.run(job.folder, "log", "-1", "--format=%cI", job.main)
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return git.run(job.folder, *_author(), "commit-tree", tree, "-p", parent, "-m", message, extra=dates)


def _author() -> tuple[str, ...]:
    return ("-c", f"user.name={AUTHOR_NAME}", "-c", f"user.email={AUTHOR_EMAIL}", "-c", "commit.gpgSign=false")


def _changed(folder: Path, before: str, after: str) -> dict[str, list[str]]:
    """Return the changed files by kind."""
    kinds = {"A": "new", "D": "deleted"}
    listed = git.run(folder, "diff", "--name-status", "--no-renames", "-z", before, after).split("\0")
    found: dict[str, list[str]] = {}
    for status, name in zip(listed[::2], listed[1::2], strict=False):
        found.setdefault(kinds.get(status, "merged"), []).append(name)
    return found

"""The git repository of a new project: first commit and hooks."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.environments.environment import environment_of
from rnd.errors import DestinationRefused
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.answers import Project

FIRST_COMMIT = "chore: create the repository from its template"
PARTIAL = ".git.partial"
HOOKS = ("pre-commit", "commit-msg")
PRE_COMMIT = ("pre-commit", "install")


def check_place(folder: Path) -> None:
    """Reject a folder inside another repository or a uv workspace.

    uv reads the indexes and the lock file of a workspace from its root, which another user may control.

    Raises:
        DestinationRefused: The folder is inside another git repository or a uv workspace.
    """
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    root = git.toplevel(there)
    if root is not None and root != folder.resolve():
        raise DestinationRefused(
            f"{folder} is inside another git repository, {root}.", "Choose a folder outside of it."
        )
    for parent in folder.resolve().parents:
        if _is_workspace(parent / "pyproject.toml"):
            raise DestinationRefused(f"{folder} is inside a uv workspace, {parent}.", "Choose a folder outside of it.")


def _is_workspace(manifest: Path) -> bool:
    """Return whether a manifest could define a uv workspace; a manifest that cannot be read counts as one."""
    import tomllib

    if not os.path.lexists(manifest):
        return False
    try:
        return not manifest.is_file() or "workspace" in tomllib.loads(manifest.read_text("utf-8"))["tool"]["uv"]
    except KeyError:
        return False
    except (OSError, ValueError, TypeError, RecursionError):
        return True


def repository_step(project: Project) -> Step:
    """Return the step that creates the git repository with its first commit on `main`."""
    folder = project.folder

    def observe() -> State:
        if not (folder / ".git").exists():
            return needed("no git repository yet")
        commit = git.head(folder)
        return done(f"at commit {commit[:7]}") if commit else needed("no commit yet")

    return Step(
        "repository",
        "Create the git repository",
        observe,
        (Action(f"git init, git add, git commit -m {FIRST_COMMIT!r}", lambda: commit_all(folder)),),
    )


def commit_all(folder: Path) -> None:
    """Commit all files; a new repository appears under its final name only after its first commit.

    The user's global ignore file is not applied, because every generated file belongs to the repository.
    """
    partial = folder / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    is_new = not (folder / ".git").exists()
    place = (f"--git-dir={PARTIAL}", "--work-tree=.") if is_new else ()
    if is_new:
        git.run(folder, *place, "init", "--quiet", "--initial-branch=main")
    git.run(folder, *place, "-c", f"core.excludesFile={os.devnull}", "add", "--all", "--", ".", f":(exclude){PARTIAL}")
    git.run(folder, *place, "commit", "--quiet", f"--message={FIRST_COMMIT}")
    if is_new:
        git.run(folder, f"--git-dir={PARTIAL}", "config", "--unset", "core.worktree")
        partial.rename(folder / ".git")


def hooks_step(project: Project) -> Step:
    """Return the step that installs the pre-commit hooks; existing hooks keep running, before them."""
    folder, environment = project.folder, environment_of(project)

    def hooks() -> tuple[Path, ...]:
        path = git.attempt(folder, "rev-parse", "--git-path", "hooks")
        return tuple(folder / path / hook for hook in HOOKS) if path else ()

    def observe() -> State:
        elsewhere = git.attempt(folder, "config", "core.hooksPath")
        if elsewhere:
            return done(f"left to core.hooksPath, {elsewhere}")
        installed = [hook.name for hook in hooks() if _runs(hook) and _is_ours(hook)]
        missing = [name for name in HOOKS if name not in installed]
        return needed(f"no {' and no '.join(missing)} hook") if missing else done(" and ".join(HOOKS))

    def install() -> None:
        for hook in hooks():
            if hook.exists() and not _runs(hook) and _is_ours(hook):
                hook.unlink()  # incomplete: pre-commit would keep it as a hook of the user
        completed = environment.attempt(*PRE_COMMIT)
        if completed.returncode != 0:
            raise process.failure(completed, *PRE_COMMIT)

    return Step("hooks", "Install the git hooks", observe, (Action(environment.command(*PRE_COMMIT), install),))


def _runs(hook: Path) -> bool:
    """Return whether a hook is executable; pre-commit sets the mode last."""
    return os.access(hook, os.X_OK)


def _is_ours(hook: Path) -> bool:
    """Return whether pre-commit wrote a hook, completely or in part."""
    text = hook.read_text(encoding="utf-8", errors="replace")
    return not text or "pre-commit" in text

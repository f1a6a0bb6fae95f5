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
    """Refuse a folder that is part of another repository, or of a uv workspace.

    uv takes the indexes and the lock file of a workspace from its root, which anybody may have put there.

    Raises:
        DestinationRefused: A git repository or a workspace that is not the folder's own holds it.
    """
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    root = git.toplevel(there)
    if root is not None and root != folder.resolve():
        raise DestinationRefused(
            f"{folder} lies inside another git repository, {root}.", "Choose a folder outside of it."
        )
    for parent in folder.resolve().parents:
        if _is_workspace(parent / "pyproject.toml"):
            raise DestinationRefused(
                f"{folder} lies inside a uv workspace, {parent}.", "Choose a folder outside of it."
            )


def _is_workspace(manifest: Path) -> bool:
    """Return whether a manifest may make its folder a uv workspace; one that cannot be read may."""
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
    """The folder is a git repository of its own, with a first commit on `main`."""
    folder = project.folder

    def observe() -> State:
        if not (folder / ".git").exists():
            return needed("no git repository yet")
        commit = git.head(folder)
        return done(f"at commit {commit[:7]}") if commit else needed("no commit yet")

    return Step(
        "repository",
        "Make the git repository",
        observe,
        (Action(f"git init, git add, git commit -m {FIRST_COMMIT!r}", lambda: commit_all(folder)),),
    )


def commit_all(folder: Path) -> None:
    """Commit everything, in a repository that appears only once its first commit is in it.

    An ignore list of the user's own does not count here: what the template made belongs to the repository.
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
    """Git runs the project's hooks on each commit; a hook that was there before runs first."""
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
                hook.unlink()  # half written: pre-commit would keep it as a hook of the user's own
        completed = environment.attempt(*PRE_COMMIT)
        if completed.returncode != 0:
            raise process.failure(completed, *PRE_COMMIT)

    return Step("hooks", "Install the git hooks", observe, (Action(environment.command(*PRE_COMMIT), install),))


def _runs(hook: Path) -> bool:
    """Say whether git would run a hook; pre-commit makes it so last."""
    return os.access(hook, os.X_OK)


def _is_ours(hook: Path) -> bool:
    """Say whether pre-commit has written a hook, or has begun to."""
    text = hook.read_text(encoding="utf-8", errors="replace")
    return not text or "pre-commit" in text

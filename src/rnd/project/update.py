"""Updates: later template changes, brought into a repository with its own edits kept.

Copier works in a throw-away clone, and what came of it reaches the repository in one go at the end: an update that
fails or is interrupted has changed nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from rnd import git
from rnd.answers import ANSWERS_FILE, read_project
from rnd.environments.environment import environment_of
from rnd.errors import NotGenerated, TemplateUnavailable, TemplateUntrusted, UncommittedChanges, UpdateConflict
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.project import template
from rnd.project.setup import check_tools
from rnd.project.template import trusted_source

if TYPE_CHECKING:
    from rnd.answers import Project

HERE = ("-c", "user.name=rnd", "-c", "user.email=rnd@localhost")


def plan_update(folder: Path, ref: str | None, named: str | None, published: str, *, ask: bool) -> Plan:
    """Return the plan that brings a repository to the newest release of its template.

    Args:
        folder: The root of a generated repository.
        ref: Another version of the template to go to.
        named: The template that the user names.
        published: The organisation's own template repository.
        ask: Whether questions that the template has newly got are asked; otherwise their defaults are taken.

    Raises:
        NotGenerated: The folder is no generated repository.
        UncommittedChanges: It holds changes that are not committed.
        TemplateUntrusted: It records a template that neither the user nor org.yml names.
        TemplateUnavailable: The template's repository does not answer.
    """
    recorded = read_project(folder)
    project = replace(recorded, source=trusted_source(recorded.source, named, published))
    environment = environment_of(project)
    check_tools(environment.programs)
    if git.toplevel(folder) != folder.resolve() or git.head(folder) is None:
        raise NotGenerated(f"{folder} is not the root of a git repository with a commit.")
    target = find_target(project.source, ref)
    first = _template_step(project, target, ask=ask)
    rest = (_after(first, step) for step in (environment.lock_step(), environment.install_step()))
    return Plan(f"update {project.name} to the template's version {target.ref}", (first, *rest))


def _after(first: Step, step: Step) -> Step:
    """Return a step that has nothing to observe before the one that it depends on is done."""

    def observe() -> State:
        return step.observe() if first.observe().done else needed("seen once the template is in")

    return replace(step, observe=observe)


@dataclass(frozen=True)
class Target:
    """A version of the template to go to.

    Attributes:
        ref: Tag, branch or commit, as copier is told.
        commit: The full id of the commit; of a ref that the template's repository does not name, the ref itself.
        tags: The tags that the commit has.
    """

    ref: str
    commit: str
    tags: frozenset[str]


def find_target(source: str, ref: str | None) -> Target:
    """Look up a version of the template; without a ref the newest release, or HEAD where there is none yet.

    Raises:
        TemplateUnavailable: The template's repository does not answer.
    """
    address = source.removeprefix("git+")
    listed = git.attempt(Path("/"), "ls-remote", "--", address)  # no repository's configuration applies there
    if listed is None:
        raise TemplateUnavailable(f"The template's repository {address} does not answer.")
    # The commit of an annotated tag is listed after it, under the tag's name and ^{}.
    commits = {name.removesuffix("^{}"): commit for commit, name in map(str.split, listed.splitlines())}
    tags = [name.removeprefix("refs/tags/") for name in commits if name.startswith("refs/tags/")]
    releases = [tag for tag in tags if (version := _version(tag)) and not version.is_prerelease]
    wanted = ref or max(releases, key=Version, default="HEAD")
    names = (f"refs/tags/{wanted}", f"refs/heads/{wanted}", wanted)
    commit = next((commits[name] for name in names if name in commits), wanted)
    return Target(wanted, commit, frozenset(tag for tag in tags if commits[f"refs/tags/{tag}"] == commit))


def _version(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def is_behind(made_from: str, target: Target) -> bool:
    """Say whether a repository lacks what a version of its template has.

    Args:
        made_from: What the answers file holds: `1.1.0`, or `1.1.0-3-gabc1234` for three commits past it, or a bare id.
        target: The version to go to.
    """
    tag, _, commit = re.fullmatch(r"(.*?)(-\d+-g([0-9a-f]+))?", made_from, re.DOTALL).groups()  # type: ignore[union-attr]
    if made_from in target.tags or target.commit.startswith(commit or made_from):
        return False
    ours, theirs = _version(tag), _version(target.ref)
    return ours is None or theirs is None or ours < theirs


def conflicts(folder: Path) -> list[str]:
    """Return the files in which copier has left both sides of a conflict."""
    found = git.attempt(folder, "grep", "--files-with-matches", "^<<<<<<< before updating")
    return found.splitlines() if found else []


def _refuse_conflicts(folder: Path) -> None:
    if files := conflicts(folder):
        listed = "\n".join(f"  {path}" for path in files)
        raise UpdateConflict(f"The template and this repository changed the same lines of:\n{listed}")


def _template_step(project: Project, target: Target, *, ask: bool) -> Step:
    folder = project.folder

    def observe() -> State:
        _refuse_conflicts(folder)
        now = read_project(folder)
        made_from = now.commit
        if now.source == project.source and not is_behind(made_from, target):
            return done(f"at the template's version {made_from}")
        if not git.is_clean(folder):
            raise UncommittedChanges(f"{folder} has changes that are not committed.")
        return needed(f"{made_from} → {target.ref}")

    def update() -> None:
        with TemporaryDirectory(prefix="rnd-update-") as temporary:
            clone = Path(temporary) / "clone"
            git.run(folder, "clone", "--quiet", "--local", "--no-tags", ".", str(clone))
            _record_source(clone, project.source)
            template.update(clone, target.ref, ask=ask)
            _bring(clone, folder)
        _refuse_conflicts(folder)

    return Step("template", "Bring in the template", observe, (Action(f"copier update to {target.ref}", update),))


def _record_source(clone: Path, source: str) -> None:
    """Make a clone's answers name the template to update from: copier takes it from there, and runs it."""
    if read_project(clone).source == source:
        return
    template.remember(clone / ANSWERS_FILE, source)
    if read_project(clone).source != source:
        raise TemplateUntrusted(f"{ANSWERS_FILE} does not have its _src_path on one line.")
    git.run(clone, *HERE, "commit", "--quiet", "--no-verify", "--message", "update", "--", ANSWERS_FILE)


def _bring(clone: Path, folder: Path) -> None:
    """Make the folder's files those of the clone, as changes that are not committed yet."""
    git.run(clone, "add", "--all")
    commit = git.run(clone, *HERE, "commit-tree", git.run(clone, "write-tree"), "-m", "update")
    git.run(clone, "update-ref", "refs/heads/rnd-update", commit)
    git.run(folder, "fetch", "--quiet", "--no-tags", str(clone), "refs/heads/rnd-update")
    git.run(folder, "read-tree", "-m", "-u", "HEAD", commit)
    git.run(folder, "reset", "--quiet")
    # So that `git diff` shows new files too, and `git reset --hard` takes them away.
    git.run(folder, "add", "--intent-to-add", "--all")

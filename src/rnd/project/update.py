"""Updates a repository to a newer version of its template, and keeps the repository's own changes.

Copier runs in a temporary clone, and the result is applied to the repository in one step at the end. An update that
fails or is interrupted changes nothing.
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
    """Return the plan that updates a repository to the newest release of its template.

    Args:
        folder: The root of a generated repository.
        ref: A different target version: tag, branch or commit of the template.
        named: The template from the user.
        published: The organisation's template repository.
        ask: Whether to ask new questions of the template; otherwise their defaults are used.

    Raises:
        NotGenerated: The folder is not a generated repository.
        UncommittedChanges: It has uncommitted changes.
        TemplateUntrusted: It records a template that neither the user nor org.yml names.
        TemplateUnavailable: The template's repository does not respond.
    """
    recorded = read_project(folder)
    project = replace(recorded, source=trusted_source(recorded.source, named, published))
    environment = environment_of(project)
    check_tools(environment.programs)
    if git.toplevel(folder) != folder.resolve() or git.head(folder) is None:
        raise NotGenerated(f"{folder} is not the root of a git repository with a commit.")
    target = find_target(project.source, ref)
    first = _template_step(project, target, ask=ask)
    rest = (after(first, step) for step in (environment.lock_step(), environment.install_step()))
    return Plan(f"update {project.name} to the template's version {target.ref}", (first, *rest))


def after(first: Step, step: Step) -> Step:
    """Return a step that is reported as needed until the step that it depends on is done."""

    def observe() -> State:
        return step.observe() if first.observe().done else needed("checked after the template update")

    def inspect() -> State:
        return (step.inspect or step.observe)() if first.observe().done else needed("checked after the template update")

    return replace(step, observe=observe, inspect=inspect)


@dataclass(frozen=True)
class Target:
    """The version of the template to update to.

    Attributes:
        ref: Tag, branch or commit, as passed to copier.
        commit: The full hash of the commit; the ref itself if the template's repository does not list it.
        tags: The tags of the commit.
    """

    ref: str
    commit: str
    tags: frozenset[str]


def find_target(source: str, ref: str | None) -> Target:
    """Look up a version of the template: `ref`, or by default the newest release, or HEAD if there is no release.

    Raises:
        TemplateUnavailable: The template's repository does not respond.
    """
    address = source.removeprefix("git+")
    listed = git.refs_at(address)
    if listed is None:
        raise TemplateUnavailable(f"The template's repository {address} does not respond.")
    # git lists the commit of an annotated tag after the tag, with the suffix ^{}.
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
    """Return whether a repository is older than a version of its template.

    Args:
        made_from: The version in the answers file: `1.1.0`, `1.1.0-3-gabc1234` (three commits later), or a hash.
        target: The version to update to.
    """
    tag, _, commit = re.fullmatch(r"(.*?)(-\d+-g([0-9a-f]+))?", made_from, re.DOTALL).groups()  # pyrefly: ignore[missing-attribute]
    if made_from in target.tags or target.commit.startswith(commit or made_from):
        return False
    ours, theirs = _version(tag), _version(target.ref)
    return ours is None or theirs is None or ours < theirs


def conflicts(folder: Path) -> list[str]:
    """Return the files with conflict markers of copier."""
    found = git.attempt(folder, "grep", "--files-with-matches", "^<<<<<<< before updating")
    return found.splitlines() if found else []


def refuse_conflicts(folder: Path) -> None:
    """Raise an error that lists the files with conflict markers of copier, if there are any."""
    if files := conflicts(folder):
        listed = "\n".join(f"  {path}" for path in files)
        raise UpdateConflict(f"The template and this repository changed the same lines of:\n{listed}")


def _template_step(project: Project, target: Target, *, ask: bool) -> Step:
    folder = project.folder

    def observe() -> State:
        refuse_conflicts(folder)
        now = read_project(folder)
        made_from = now.commit
        if now.source == project.source and not is_behind(made_from, target):
            return done(f"at the template's version {made_from}")
        if not git.is_clean(folder):
            raise UncommittedChanges(f"{folder} has uncommitted changes.")
        return needed(f"{made_from} → {target.ref}")

    def update() -> None:
        with TemporaryDirectory(prefix="rnd-update-") as temporary:
            clone = Path(temporary) / "clone"
            git.run(folder, "clone", "--quiet", "--no-tags", ".", str(clone))
            record_source(clone, project.source)
            template.update(clone, target.ref, ask=ask)
            bring(clone, folder)
        refuse_conflicts(folder)

    return Step("template", "Apply the template", observe, (Action(f"copier update to {target.ref}", update),))


def record_source(clone: Path, source: str) -> None:
    """Record the template to update from in a clone's answers, from which copier reads it."""
    if read_project(clone).source == source:
        return
    template.remember(clone / ANSWERS_FILE, source)
    if read_project(clone).source != source:
        raise TemplateUntrusted(f"_src_path in {ANSWERS_FILE} is not on a single line.")
    git.run(clone, *HERE, "commit", "--quiet", "--no-verify", "--message", "update", "--", ANSWERS_FILE)


def bring(clone: Path, folder: Path) -> None:
    """Copy the files of the clone to the folder, as uncommitted changes."""
    git.run(clone, "add", "--all")
    commit = git.run(clone, *HERE, "commit-tree", git.run(clone, "write-tree"), "-m", "update")
    git.run(clone, "update-ref", "refs/heads/rnd-update", commit)
    # The configuration of the folder could replace the path by an address that starts a program.
    fetch = ("fetch", "--quiet", "--no-tags", str(clone), "refs/heads/rnd-update")
    git.run(folder, *fetch, extra={"GIT_ALLOW_PROTOCOL": "file"})
    # `read-tree` compares times and not contents; in a copy of a folder all times are others.
    git.attempt(folder, "update-index", "-q", "--refresh")
    git.run(folder, "read-tree", "-m", "-u", "HEAD", commit)
    git.run(folder, "reset", "--quiet")
    # So that `git diff` shows new files too, and `git reset --hard` removes them.
    git.run(folder, "add", "--intent-to-add", "--all")

"""The first pull request: it runs the whole pipeline, and adds the URL of the repository to the package metadata."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import git
from rnd.errors import StepFailed
from rnd.github.settings.default_branch import BRANCH
from rnd.plan import Action, State, Step, done, needed
from rnd.project.remote import after_repository

if TYPE_CHECKING:
    from rnd.github.settings.setting import Document
    from rnd.project.remote import Remote

SET_UP = "set-up"
TITLE = "docs: say where the repository is"
MANIFEST = "pyproject.toml"
BODY = """\
This is the first pull request of **{name}**, opened by the set-up. It does two things:

- It adds the URL of the repository to `{manifest}` (`[project.urls]`), so that users of the package can find it.
- It runs the whole pipeline once, on the runners that all later pull requests use: the checks, the next version, the
  package and the image. If it passes, everything works.

Next steps:

1. Wait for the check `{check}`. The jobs that it depends on are listed above it; if one fails, see its log.
2. Merge. This releases the first version: package, image, tag and GitHub release.

`{branch}` is protected: changes require a pull request on which `{check}` has passed. The title and the commit messages
determine the next version; see README.md.

You can also close this pull request without merging it.
"""


def pull_request_steps(remote: Remote, name: str) -> tuple[Step, ...]:
    """Return the steps from the set-up branch to the open pull request.

    Args:
        remote: The repository; its `main` exists when the steps run.
        name: The name of the project.
    """
    steps = (branch_step(remote), push_step(remote), open_step(remote, name))
    return tuple(map(after_repository, steps))


def find(remote: Remote) -> Document | None:
    """Return the set-up pull request, open or closed, or None."""
    owner, name = remote.context.repository
    listed = remote.context.client.read(
        lambda kit: kit.rest.pulls.list(owner, name, state="all", head=f"{owner}:{SET_UP}", base=BRANCH)
    )
    return listed[0] if listed else None


def _opened(found: Document) -> State:
    return done(f"pull request {found['number']} exists")


def branch_step(remote: Remote) -> Step:
    """Return the step that creates the local set-up branch, with one commit on top of `main`."""
    folder = remote.folder
    urls = project_urls(remote.page, issues=remote.context.config.repository.features.issues)

    def observe() -> State:
        commit = git.attempt(folder, "rev-parse", "--quiet", "--verify", f"refs/heads/{SET_UP}")
        if commit:
            return done(f"at {commit[:7]}")
        there = remote.tip(SET_UP)
        if there:
            return done(f"at {there[:7]}, on GitHub")
        found = find(remote)
        return _opened(found) if found else needed("no branch yet")

    action = Action(f"commit {TITLE!r} on {SET_UP}", lambda: commit_urls(folder, urls))
    return Step("set-up-branch", "Prepare the first pull request", observe, (action,))


def push_step(remote: Remote) -> Step:
    """Return the step that pushes the set-up branch; done if its pull request exists, even without the branch."""

    def observe() -> State:
        commit = remote.tip(SET_UP)
        if commit:
            return done(f"at {commit[:7]}")
        found = find(remote)
        return _opened(found) if found else needed("not pushed yet")

    action = Action(f"git push origin {SET_UP}", lambda: remote.push(SET_UP))
    return Step("set-up-push", "Push its branch", observe, (action,))


def open_step(remote: Remote, name: str) -> Step:
    """Return the step that opens the pull request; done if it exists, open or closed."""
    owner, repository = remote.context.repository
    check = remote.context.config.repository.main.required_check
    body = BODY.format(name=name, check=check, branch=BRANCH, manifest=MANIFEST)

    def observe() -> State:
        found = find(remote)
        return done(found["html_url"]) if found else needed("none yet")

    def create() -> None:
        remote.context.client.create_once(
            lambda: find(remote),
            lambda kit: kit.rest.pulls.create(owner, repository, title=TITLE, head=SET_UP, base=BRANCH, body=body),
        )

    return Step("pull-request", "Open the first pull request", observe, (Action(f"open {TITLE!r}", create),))


def project_urls(page: str, *, issues: bool) -> str:
    """Return the `[project.urls]` table of a repository (packaging.python.org, "Well-known URLs")."""
    lines = ["[project.urls]", f'Repository = "{page}"']
    return "\n".join([*lines, f'Issues = "{page}/issues"'] if issues else lines) + "\n"


def insert_urls(text: str, urls: str) -> str:
    """Return a pyproject.toml with that table inserted after `[project]`, unchanged if it has one already."""
    if re.search(r"(?m)^\[project\.urls\]", text):
        return text
    found = re.search(r"(?ms)^\[project\]$.*?(?=^\[(?!project\]))", text)
    if found is None:
        return f"{text.rstrip()}\n\n{urls}"
    return f"{text[: found.end()].rstrip()}\n\n{urls}\n{text[found.end() :]}"


def commit_urls(folder: Path, urls: str) -> None:
    """Commit the table on the set-up branch without changing the work tree or the current branch."""
    before = git.run(folder, "show", f"refs/heads/{BRANCH}:{MANIFEST}") + "\n"
    with TemporaryDirectory(prefix="rnd-set-up-") as temporary:
        edited = Path(temporary) / MANIFEST
        edited.write_text(insert_urls(before, urls), encoding="utf-8")
        index = {"GIT_INDEX_FILE": str(Path(temporary) / "index")}
        blob = git.run(folder, "hash-object", "-w", "--no-filters", str(edited))
        git.run(folder, "read-tree", f"refs/heads/{BRANCH}", extra=index)
        git.run(folder, "update-index", "--cacheinfo", f"100644,{blob},{MANIFEST}", extra=index)
        tree = git.run(folder, "write-tree", extra=index)
    commit = git.run(folder, "commit-tree", tree, "-p", f"refs/heads/{BRANCH}", "-m", TITLE)
    if git.attempt(folder, "update-ref", f"refs/heads/{SET_UP}", commit, "") is None:
        raise StepFailed(f"Another process created the branch {SET_UP} in {folder}.")

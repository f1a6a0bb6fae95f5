"""The steps that create a repository on GitHub and push the local one to it; used by `github.py`.

A repository on GitHub belongs to a project if it contains the project's first commit or, while it is empty, if its
description contains the identifier that the project's git configuration has. It is not the hash of a commit, because
GitHub can refuse the first push for what is in the commit (GH007, GH013), and the repaired commit has another hash.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rnd import git
from rnd.errors import UsageError
from rnd.github.errors import GitHubRefused, GitHubUnavailable, NameTaken, NotPermitted, NotThere
from rnd.github.push import clone_url, push
from rnd.github.repository import repository_at
from rnd.github.settings.default_branch import BRANCH
from rnd.github.settings.ruleset import branch_ruleset
from rnd.plan import Action, State, Step, done, needed
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from githubkit import Response

    from rnd.github.client import Addresses, Kit
    from rnd.github.repository import Repository
    from rnd.github.settings.setting import Document, RepositoryContext

TRACKED = f"refs/remotes/origin/{BRANCH}"
ADMINS = "repository-admins"
FORBIDDEN = 403  # HTTP status
MARKER = "Being set up: "  # in the description of a repository, before its identifier
IDENTIFIER = "rnd.repository"  # in the git configuration of a project
NOTHING = {409, 422}  # besides 404, GitHub's status codes for a missing commit: empty repository, unknown hash


@dataclass(frozen=True)
class Remote:
    """A local repository and its counterpart on GitHub.

    Attributes:
        context: The repository on GitHub.
        folder: The local repository; it may not exist yet.
    """

    context: RepositoryContext
    folder: Path

    @property
    def page(self) -> str:
        """The URL of the repository's web page."""
        return f"{self.context.client.addresses.server}/{self.context.repository}"

    def is_marked(self, description: str | None) -> bool:
        """Return whether a description marks an empty repository as ours, also in the way of earlier versions."""
        prefix, marker, value = (description or "").partition(MARKER)
        if prefix or not marker or not value:
            return False
        return value == git.attempt(self.folder, "config", "--local", IDENTIFIER) or value == first_commit(self.folder)

    def mark(self) -> str:
        """Return the description of a new repository; keep its identifier in the git configuration."""
        identifier = git.attempt(self.folder, "config", "--local", IDENTIFIER)
        if not identifier:
            identifier = secrets.token_hex(16)
            git.run(self.folder, "config", "--local", IDENTIFIER, identifier)
        return MARKER + identifier

    def look(self) -> Document | None:
        """Return GitHub's record of the repository, or None if it does not exist.

        Raises:
            NameTaken: The repository exists and belongs to another project.
        """
        found: Document = self.context.client.get_or_none(lambda kit: kit.rest.repos.get(*self.context.repository))
        if found is None:
            return None
        if not self.is_marked(found["description"]) and not self._has_first_commit():
            raise NameTaken(
                f"The repository {self.context.repository} exists already and was not created from {self.folder}."
            )
        return found

    def _has_first_commit(self) -> bool:
        first = first_commit(self.folder)
        return (
            first is not None
            and self._find(lambda kit: kit.rest.repos.get_commit(*self.context.repository, first)) is not None
        )

    def tip(self, branch: str) -> str | None:
        """Return the full hash of the newest commit of a branch on GitHub, or None if there is no such branch."""
        found = self._find(lambda kit: kit.rest.git.get_ref(*self.context.repository, f"heads/{branch}"))
        return None if found is None else str(found["object"]["sha"])

    def _find(self, request: Callable[[Kit], Response[Any, Any]]) -> Document | None:
        """Look up a commit or a branch; GitHub answers this with an error if the repository is empty."""
        try:
            return self.context.client.get_or_none(request)
        except GitHubRefused as refused:
            if refused.status not in NOTHING:
                raise
            return None

    def push(self, branch: str) -> None:
        """Push a branch, and wait until GitHub shows it."""
        push(self.context.client, self.context.repository, self.folder, (f"refs/heads/{branch}:refs/heads/{branch}",))

        def arrived() -> None:
            if self.tip(branch) is None:
                raise GitHubUnavailable(f"GitHub accepted {branch} but does not show it yet.")

        retry(arrived, GitHubUnavailable)


def first_commit(folder: Path) -> str | None:
    """Return the full hash of the first commit of `main`, or None if there is no commit yet."""
    roots = git.attempt(folder, "rev-list", "--max-parents=0", f"refs/heads/{BRANCH}", "--")
    return roots.splitlines()[-1] if roots else None


def followed(folder: Path, addresses: Addresses) -> Repository | None:
    """Return the GitHub repository that a local one tracks, or None."""
    if not git.attempt(folder, "rev-parse", "--quiet", "--verify", TRACKED):
        return None
    origin = git.attempt(folder, "remote", "get-url", "origin")
    return repository_at(origin, addresses) if origin else None


def after_repository(step: Step) -> Step:
    """Return a step that is reported as needed while the repository does not exist."""

    def observe() -> State:
        try:
            return step.observe()
        except NotThere:
            return needed("after the repository is created")

    return replace(step, observe=observe)


def repository_step(remote: Remote) -> Step:
    """Return the step that creates the empty repository on GitHub."""
    client, (owner, name) = remote.context.client, remote.context.repository
    visibility = remote.context.config.repository.visibility

    def observe() -> State:
        return done(remote.page) if remote.look() else needed(f"{owner}/{name} is free")

    def create() -> None:
        body: Any = {
            "name": name,
            "description": remote.mark(),
            "visibility": visibility,
            "private": visibility != "public",
        }
        client.eventually_consistent = True
        try:
            client.create_once(remote.look, lambda kit: kit.rest.repos.create_in_org(owner, data=body))
        except GitHubRefused as refused:
            if type(refused) is not GitHubRefused or refused.status != FORBIDDEN:
                raise
            # Only owners can see in advance what members may create.
            raise NotPermitted(
                f"Members of {owner} cannot create {visibility} repositories. {refused.message}"
            ) from refused

    action = Action(f"create {owner}/{name}, {visibility} and empty", create)
    return Step("github-repository", "Create the repository on GitHub", observe, (action,))


def origin_step(remote: Remote) -> Step:
    """Return the step that sets the remote `origin` to the repository on GitHub, without credentials in the URL."""
    url = clone_url(remote.context.client, remote.context.repository)

    def observe() -> State:
        origin = git.attempt(remote.folder, "remote", "get-url", "origin")
        if origin is None:
            return needed("no remote yet")
        if repository_at(origin, remote.context.client.addresses) != remote.context.repository:
            raise UsageError(
                f"The remote `origin` of {remote.folder} points to another repository.",
                f"Remove it with `git -C {remote.folder} remote remove origin`, then re-run the command.",
            )
        return done(origin)

    action = Action(f"git remote add origin {url}", lambda: git.run(remote.folder, "remote", "add", "origin", url))
    return Step("origin", "Add the remote origin", observe, (action,))


def guard_step(remote: Remote) -> Step:
    """Return the step that protects `main` before it exists; repository administrators can still push it."""
    bypass = remote.context.config.repository.main.bypass
    setting = branch_ruleset(remote.context, [*bypass, *({ADMINS} - set(bypass))])

    def observe() -> State:
        return done(f"{BRANCH} exists") if remote.tip(BRANCH) else setting.step().observe()

    return replace(setting.step(), key="guard", title=f"Protect {BRANCH} before the first push", observe=observe)


def content_step(remote: Remote) -> Step:
    """Return the step that pushes `main`."""

    def observe() -> State:
        commit = remote.tip(BRANCH)
        return done(f"at {commit[:7]}") if commit else needed(f"no {BRANCH} yet")

    action = Action(f"git push origin {BRANCH}", lambda: remote.push(BRANCH))
    return Step("content", f"Push {BRANCH}", observe, (action,))


def description_step(remote: Remote, description: str) -> Step:
    """Return the step that replaces the marker in the description, after the first commit has been pushed."""
    context = remote.context

    def observe() -> State:
        current = context.document()["description"]
        return needed("still the set-up marker") if remote.is_marked(current) else done(current or "empty")

    def write() -> None:
        context.client.send(lambda kit: kit.rest.repos.update(*context.repository, description=description))

    return Step(
        "description", "Set the description", observe, (Action(f"set the description to {description!r}", write),)
    )


def tracking_step(remote: Remote) -> Step:
    """Return the step that makes `main` track GitHub's; it runs last, so it marks completion without a request."""

    def observe() -> State:
        tracked = followed(remote.folder, remote.context.client.addresses)
        return done(f"origin/{BRANCH}") if tracked else needed("not tracked yet")

    def follow() -> None:
        commit = remote.tip(BRANCH)
        known = commit and git.attempt(remote.folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None
        git.run(remote.folder, "config", f"branch.{BRANCH}.remote", "origin")
        git.run(remote.folder, "config", f"branch.{BRANCH}.merge", f"refs/heads/{BRANCH}")
        # If somebody else has pushed since, GitHub's commit is not known here: use the local one.
        git.run(remote.folder, "update-ref", TRACKED, commit if commit and known else f"refs/heads/{BRANCH}")

    return Step(
        "tracking",
        f"Track origin/{BRANCH}",
        observe,
        (Action(f"git branch --set-upstream-to origin/{BRANCH}", follow),),
    )

"""The steps that make a repository on GitHub and bring the local one there; the thin side of `hosting.py`.

A repository is known to be ours by the first commit, which no other has: it is there, or while the repository is still
empty, its description names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rnd import git
from rnd.errors import UsageError
from rnd.github.errors import GitHubRefused, GitHubUnavailable, NameTaken, NotThere
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
NOTHING = {
    409,
    422,
}  # what GitHub says, beside 404, of a commit that is not there: the repository is empty, no such hash


@dataclass(frozen=True)
class Remote:
    """A local repository, and its place on GitHub.

    Attributes:
        context: On GitHub.
        folder: The local one; it may still be missing.
        links: What is on GitHub and ours, by its kind, with its address: filled in as the steps see it.
    """

    context: RepositoryContext
    folder: Path
    links: dict[str, str] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """The address that people open."""
        return f"{self.context.client.addresses.server}/{self.context.repository}"

    def marker(self) -> str | None:
        """Return the description of a repository that is ours and still empty; None before there is a commit here."""
        first = first_commit(self.folder)
        return f"Being set up: {first}" if first else None

    def look(self) -> Document | None:
        """Return what GitHub says of the repository if it is ours, None if there is none of its name.

        Raises:
            NameTaken: It is another's.
        """
        found: Document = self.context.client.get_or_none(lambda kit: kit.rest.repos.get(*self.context.repository))
        if found is None:
            return None
        marker = self.marker()
        if (marker is None or found["description"] != marker) and not self._has_first_commit():
            raise NameTaken(
                f"There is a repository {self.context.repository} already, and it was not made from {self.folder}."
            )
        self.links["repository"] = self.page
        return found

    def _has_first_commit(self) -> bool:
        first = first_commit(self.folder)
        return (
            first is not None
            and self._find(lambda kit: kit.rest.repos.get_commit(*self.context.repository, first)) is not None
        )

    def tip(self, branch: str) -> str | None:
        """Return the full hash of the last commit of a branch on GitHub, or None where there is no such branch."""
        found = self._find(lambda kit: kit.rest.git.get_ref(*self.context.repository, f"heads/{branch}"))
        return None if found is None else str(found["object"]["sha"])

    def _find(self, request: Callable[[Kit], Response[Any, Any]]) -> Document | None:
        """Look for a commit or a branch, which an empty repository refuses to."""
        try:
            return self.context.client.get_or_none(request)
        except GitHubRefused as refused:
            if refused.status not in NOTHING:
                raise
            return None

    def push(self, branch: str) -> None:
        """Push a branch, and see it arrive."""
        push(self.context.client, self.context.repository, self.folder, (f"refs/heads/{branch}:refs/heads/{branch}",))

        def arrived() -> None:
            if self.tip(branch) is None:
                raise GitHubUnavailable(f"GitHub took {branch}, and does not show it yet.")

        retry(arrived, GitHubUnavailable)


def first_commit(folder: Path) -> str | None:
    """Return the full hash of the first commit that `main` has, or None where there is none yet."""
    roots = git.attempt(folder, "rev-list", "--max-parents=0", f"refs/heads/{BRANCH}", "--")
    return roots.splitlines()[-1] if roots else None


def followed(folder: Path, addresses: Addresses) -> Repository | None:
    """Return the repository on GitHub that a local one has been brought to, or was cloned from, or None."""
    origin = git.attempt(folder, "remote", "get-url", "origin")
    tracked = git.attempt(folder, "rev-parse", "--quiet", "--verify", TRACKED)
    return repository_at(origin, addresses) if origin and tracked else None


def after_repository(step: Step) -> Step:
    """Return a step that has nothing to observe before the repository is there."""

    def observe() -> State:
        try:
            return step.observe()
        except NotThere:
            return needed("once the repository is there")

    return replace(step, observe=observe)


def repository_step(remote: Remote) -> Step:
    """GitHub has the repository, empty at first, and it is ours."""
    client, (owner, name) = remote.context.client, remote.context.repository
    visibility = remote.context.config.repository.visibility

    def observe() -> State:
        return done(remote.page) if remote.look() else needed(f"{owner}/{name} is free")

    def create() -> None:
        body: Any = {
            "name": name,
            "description": remote.marker(),
            "visibility": visibility,
            "private": visibility != "public",
        }
        client.eventually_consistent = True
        client.create_once(remote.look, lambda kit: kit.rest.repos.create_in_org(owner, data=body))

    action = Action(f"create {owner}/{name}, {visibility} and empty", create)
    return Step("github-repository", "Make the repository on GitHub", observe, (action,))


def origin_step(remote: Remote) -> Step:
    """The remote `origin` is the repository on GitHub; its address holds no credentials."""
    url = clone_url(remote.context.client, remote.context.repository)

    def observe() -> State:
        origin = git.attempt(remote.folder, "remote", "get-url", "origin")
        if origin is None:
            return needed("no remote yet")
        if repository_at(origin, remote.context.client.addresses) != remote.context.repository:
            raise UsageError(
                f"The remote `origin` of {remote.folder} is another repository.",
                f"Take it away, `git -C {remote.folder} remote remove origin`, then run the same command again.",
            )
        return done(origin)

    action = Action(f"git remote add origin {url}", lambda: git.run(remote.folder, "remote", "add", "origin", url))
    return Step("origin", "Name the remote", observe, (action,))


def guard_step(remote: Remote) -> Step:
    """`main` is protected before it is there; until then, whoever administers the repository may push it."""
    bypass = remote.context.config.repository.main.bypass
    setting = branch_ruleset(remote.context, [*bypass, *({ADMINS} - set(bypass))])

    def observe() -> State:
        return done(f"{BRANCH} is there") if remote.tip(BRANCH) else setting.step().observe()

    return replace(setting.step(), key="guard", title=f"Protect {BRANCH} before it is there", observe=observe)


def content_step(remote: Remote) -> Step:
    """GitHub has `main`."""

    def observe() -> State:
        commit = remote.tip(BRANCH)
        return done(f"at {commit[:7]}") if commit else needed(f"no {BRANCH} yet")

    action = Action(f"git push origin {BRANCH}", lambda: remote.push(BRANCH))
    return Step("content", f"Push {BRANCH}", observe, (action,))


def description_step(remote: Remote, description: str) -> Step:
    """The description is for people, once the first commit says whose the repository is."""
    context = remote.context

    def observe() -> State:
        said = context.document()["description"]
        return needed("it still says that it is being set up") if said == remote.marker() else done(said or "empty")

    def write() -> None:
        context.client.send(lambda kit: kit.rest.repos.update(*context.repository, description=description))

    return Step("description", "Describe it", observe, (Action(f"set the description to {description!r}", write),))


def tracking_step(remote: Remote) -> Step:
    """The local `main` follows the one on GitHub: the sign, seen without asking GitHub, that all is done."""

    def observe() -> State:
        tracked = followed(remote.folder, remote.context.client.addresses)
        return done(f"origin/{BRANCH}") if tracked else needed("not followed yet")

    def follow() -> None:
        commit = remote.tip(BRANCH)
        known = commit and git.attempt(remote.folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None
        git.run(remote.folder, "config", f"branch.{BRANCH}.remote", "origin")
        git.run(remote.folder, "config", f"branch.{BRANCH}.merge", f"refs/heads/{BRANCH}")
        # Somebody may have pushed since; then the last commit that both have is what is known here.
        git.run(remote.folder, "update-ref", TRACKED, commit if commit and known else f"refs/heads/{BRANCH}")

    return Step(
        "tracking",
        f"Follow origin/{BRANCH}",
        observe,
        (Action(f"git branch --set-upstream-to origin/{BRANCH}", follow),),
    )

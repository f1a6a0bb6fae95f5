"""Pushes the branch `rnd/adopt` and opens its pull request. Changes nothing else on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import git
from rnd.adopt.body import TITLE
from rnd.adopt.facts import OpenPoint
from rnd.adopt.place import BRANCH, REF
from rnd.github.push import push
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from rnd.github.client import Client
    from rnd.github.repository import Repository
    from rnd.organisation.github import GitHub


def pull_request_steps(
    client: Client, repository: Repository, root: Path, base: str, describe: Callable[[], tuple[str, bool]]
) -> tuple[Step, ...]:
    """Return the steps from the local branch to the open pull request.

    Args:
        client: GitHub.
        repository: The repository on GitHub.
        root: The local repository; it has the branch when the steps run.
        base: The branch that the pull request goes to.
        describe: Returns the text, and whether the pull request is a draft.
    """
    return _push_step(client, repository, root), _open_step(client, repository, base, describe)


def settings_points(client: Client, repository: Repository, config: GitHub) -> list[OpenPoint]:
    """Return a point for the settings that differ from org.yml; nothing changes before the merge.

    Args:
        client: GitHub.
        repository: The repository on GitHub.
        config: `github` of org.yml.
    """
    context = RepositoryContext(client, repository, config)
    keys = sorted({change.key for setting in settings_and_guards(context) for change in setting.changes()})
    if not keys:
        return []
    message = f"{len(keys)} settings differ from org.yml; `rnd fleet apply` changes them after the merge: "
    return [OpenPoint("settings-differ", f"{message}{', '.join(keys)}.", "GitHub")]


def _push_step(client: Client, repository: Repository, root: Path) -> Step:
    def observe() -> State:
        found: Any = client.get_or_none(lambda kit: kit.rest.git.get_ref(*repository, f"heads/{BRANCH}"))
        there = str(found["object"]["sha"]) if found else None
        here = git.attempt(root, "rev-parse", "--quiet", "--verify", REF)
        if here is not None and there == here:
            return done(f"at {here[:7]}")
        return needed("not pushed yet" if there is None else f"GitHub has {there[:7]}")

    def send() -> None:
        push(client, repository, root, (f"{REF}:{REF}",))

    return Step("push", "Push the branch", observe, (Action(f"git push {repository} {BRANCH}", send),))


def _open_step(client: Client, repository: Repository, base: str, describe: Callable[[], tuple[str, bool]]) -> Step:
    def find() -> Any:  # noqa: ANN401 - a document of GitHub
        owner, name = repository
        listed: Any = client.read(
            lambda kit: kit.rest.pulls.list(owner, name, state="open", head=f"{owner}:{BRANCH}", base=base)
        )
        return listed[0] if listed else None

    def observe() -> State:
        found = find()
        return done(str(found["html_url"])) if found else needed("none yet")

    def create() -> None:
        text, draft = describe()
        client.create_once(
            find,
            lambda kit: kit.rest.pulls.create(*repository, title=TITLE, head=BRANCH, base=base, body=text, draft=draft),
        )

    return Step("pull-request", "Open the pull request", observe, (Action(f"open {TITLE!r}", create),))

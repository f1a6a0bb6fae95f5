"""A repository that existed before the template: its visibility stays, and `main` is protected once it is proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd.github.client import Client
from rnd.github.errors import MainUnproven
from rnd.github.push import push
from tests.helpers.git import git
from tests.helpers.settings import apply, drift

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.github.settings.setting import RepositoryContext
    from tests.helpers.github import Hosting

NAMES = "other_names:\n  package: aligner\n"


@pytest.fixture
def folder(context: RepositoryContext, tmp_path: Path) -> Path:
    """The work tree; the branch of its adoption is pushed."""
    folder = tmp_path / "demo"
    git(folder, "switch", "--quiet", "--create", "rnd/adopt")
    (folder / ".copier-answers.yml").write_text(NAMES)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "chore: add the files")
    push(context.client, context.repository, folder, ("rnd/adopt:rnd/adopt",))
    return folder


def merge(context: RepositoryContext, hosting: Hosting, folder: Path, branch: str, conclusion: str) -> None:
    """Merge a pull request on which the required check ended."""
    owner, name = context.repository
    sha = git(folder, "rev-parse", branch)
    actions = hosting.hub.workflow_token(f"{owner}/{name}", {"checks": "write"})
    with Client(context.client.addresses, actions) as job:
        run: Any = {"name": "all-green", "head_sha": sha, "status": "completed", "conclusion": conclusion}
        job.send(lambda kit: kit.rest.checks.create(owner, name, data=run))
    client = context.client
    client.send(lambda kit: kit.rest.pulls.create(owner, name, title=branch, head=branch, base="main"))
    found = client.read(lambda kit: kit.rest.pulls.list(owner, name, state="open"))
    client.send(lambda kit: kit.rest.pulls.merge(owner, name, found[0]["number"], merge_method="merge"))


@pytest.mark.slow
def test_main_is_protected_once_the_required_check_has_passed(
    context: RepositoryContext, hosting: Hosting, folder: Path
) -> None:
    with pytest.raises(MainUnproven, match="all-green has not passed on it"):
        apply(context)
    assert {change.key.partition(".")[0] for change in drift(context)} == {"main"}  # all else is applied
    merge(context, hosting, folder, "rnd/adopt", "failure")
    with pytest.raises(MainUnproven):
        apply(context)
    git(folder, "switch", "--quiet", "--create", "next")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "fix: stop")
    push(context.client, context.repository, folder, ("next:next",))
    merge(context, hosting, folder, "next", "success")
    assert apply(context) == ["protection"]
    assert drift(context) == []


@pytest.mark.usefixtures("folder")
def test_the_visibility_stays_as_its_owners_chose(context: RepositoryContext, hosting: Hosting) -> None:
    there = hosting.repository()
    there.settings |= {"visibility": "public", "private": False}
    with pytest.raises(MainUnproven):
        apply(context)
    assert there.settings["visibility"] == "public"
    assert there.settings["allow_auto_merge"]  # written by the same request
    assert "visibility" not in {change.key for change in drift(context)}


def test_a_repository_of_the_template_gets_the_visibility_and_its_protection(
    context: RepositoryContext, hosting: Hosting
) -> None:
    there = hosting.repository()
    there.settings |= {"visibility": "public", "private": False}
    apply(context)
    assert drift(context) == []
    assert there.settings["visibility"] == "private"


def test_a_default_branch_of_another_name_is_renamed(context: RepositoryContext, hosting: Hosting) -> None:
    client, repository = context.client, context.repository
    client.send(lambda kit: kit.rest.repos.rename_branch(*repository, "main", new_name="master"))
    apply(context)
    assert hosting.repository().default_branch == "main"
    branches = client.read(lambda kit: kit.rest.repos.list_branches(*repository))
    assert [one["name"] for one in branches] == ["elsewhere", "main"]

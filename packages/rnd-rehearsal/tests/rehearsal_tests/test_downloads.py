"""Actions in repositories of the fake GitHub: a job gets those that it may read, as they are at their ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github import FakeGitHub
from rehearsal_tests.workshop import SCOPES
from rnd_rehearsal.downloads import Downloads
from rnd_rehearsal.rest import Caller
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rehearsal_tests.workshop import Workshop

ACTION = "Acme/actions/greet"


class Central:
    """The private repository `Acme/actions`, and a token of a job in another one."""

    def __init__(self, hub: FakeGitHub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.token = hub.add_user("ada", scopes=SCOPES)
        hub.add_organisation("Acme", {"ada": "admin"})
        self.ada = Caller(hub.api_url, self.token)
        for name in ("actions", "rover"):
            self.ada.ask("POST", "/orgs/Acme/repos", {"name": name, "private": True})
        self.job = hub.workflow_token("Acme/rover", {"contents": "read"})
        git(folder, "init", "--quiet", "--initial-branch=main")

    def share(self, level: str = "organization") -> None:
        """Let the runs of the organisation's other repositories use its actions, or no longer."""
        self.ada.ask("PUT", "/repos/Acme/actions/actions/permissions/access", {"access_level": level})

    def push(self, text: str, *refs: str) -> None:
        """Commit an action that says something, and push it."""
        (self.folder / "greet").mkdir(exist_ok=True)
        (self.folder / "greet" / "action.yml").write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", text)
        header = f"http.extraheader=Authorization: Bearer {self.token}"
        git(self.folder, "-c", header, "push", "--quiet", f"{self.hub.url}/Acme/actions.git", *refs)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    """That repository, shared, with an action at the branch `v1`."""
    folder = tmp_path / "actions"
    folder.mkdir()
    with FakeGitHub.serve(tmp_path / "hub") as hub:
        found = Central(hub, folder)
        found.share()
        found.push("first", "main", "main:refs/heads/v1")
        yield found


def test_a_job_gets_the_files_at_the_ref_as_it_is_now(central: Central, tmp_path: Path) -> None:
    downloads = Downloads(tmp_path / "downloads")
    first = downloads.find(central.hub, [f"{ACTION}@v1"], central.job)
    assert first["Acme/actions@v1"].joinpath("greet", "action.yml").read_text() == "first"
    assert downloads.find(central.hub, [f"{ACTION}@v1"], central.job) == first
    central.push("second", "main:refs/heads/v1")
    second = downloads.find(central.hub, [f"{ACTION}@v1", "Acme/actions/other@v1"], central.job)
    assert second["Acme/actions@v1"].joinpath("greet", "action.yml").read_text() == "second"
    assert first["Acme/actions@v1"].joinpath("greet", "action.yml").read_text() == "first"


def test_a_job_gets_nothing_that_its_token_may_not_read(central: Central, tmp_path: Path) -> None:
    downloads = Downloads(tmp_path / "downloads")
    assert downloads.find(central.hub, [f"{ACTION}@v1"], central.job) != {}
    central.share("none")
    assert downloads.find(central.hub, [f"{ACTION}@v1"], central.job) == {}


@pytest.mark.parametrize("ref", ["never", "0" * 40, "both"])
def test_act_looks_itself_for_a_ref_that_is_not_one_branch_or_tag(central: Central, tmp_path: Path, ref: str) -> None:
    central.push("other", "HEAD:refs/heads/both", "HEAD~1:refs/tags/both")
    assert Downloads(tmp_path / "downloads").find(central.hub, [f"{ACTION}@{ref}"], central.job) == {}


def test_a_full_hash_names_its_commit(central: Central, tmp_path: Path) -> None:
    """A central workflow calls the actions beside it at its own commit."""
    commit = git(central.folder, "rev-parse", "HEAD")
    central.push("second", "main:refs/heads/v1")
    downloads = Downloads(tmp_path / "downloads")
    found = downloads.find(central.hub, [f"{ACTION}@{commit}"], central.job)
    assert found[f"Acme/actions@{commit}"].joinpath("greet", "action.yml").read_text() == "first"
    central.share("none")
    assert downloads.find(central.hub, [f"{ACTION}@{commit}"], central.job) == {}


def test_an_annotated_tag_names_its_commit(central: Central, tmp_path: Path) -> None:
    git(central.folder, "tag", "--annotate", "--message", "one", "v1.0")
    central.push("second", "v1.0")
    found = Downloads(tmp_path / "downloads").find(central.hub, [f"{ACTION}@v1.0"], central.job)
    assert found["Acme/actions@v1.0"].joinpath("greet", "action.yml").read_text() == "first"


def test_actions_of_others_are_not_looked_for(central: Central, tmp_path: Path) -> None:
    assert Downloads(tmp_path / "downloads").find(central.hub, ["actions/checkout@v5"], central.job) == {}


def test_each_action_of_a_job_has_a_folder_of_its_own(workshop: Workshop) -> None:
    """Act runs them, and finds the rest of their repository where GitHub has it."""
    action = """\
name: NAME
runs:
  using: composite
  steps:
    - shell: bash
      run: cat "${GITHUB_ACTION_PATH}/../NAME.txt" && mkdir "${GITHUB_ACTION_PATH}/../../left"
"""
    workflow = """\
on: push
jobs:
  work:
    runs-on: self-hosted
    steps: [{uses: Acme/rover/actions/one@main}, {uses: Acme/rover/actions/two@main}]
"""
    files = {f"actions__{name}__action_yml": action.replace("NAME", name) for name in ("one", "two")}
    files |= {f"actions__{name}.txt": f"this is {name}\n" for name in ("one", "two")}
    workshop.push("main", "ci: work", **files, **{".github__workflows__work_yml": workflow})
    (run,) = workshop.finished()
    said = workshop.log(run, "work")
    assert run.conclusion == "success", said
    assert "this is one" in said
    assert "this is two" in said
    assert "LocalRepositoryCache not matched" not in said

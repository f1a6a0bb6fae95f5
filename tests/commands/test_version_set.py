"""`rnd version set` and `rnd version check-title`, in real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli, manifest
from tests.helpers.repository import LOCKED

if TYPE_CHECKING:
    from tests.helpers.repository import Repository


def test_set_writes_both_files_and_a_second_time_nothing(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.path / "uv.lock").write_text(LOCKED)
    assert cli.main(["version", "set", "--quiet"]) == 0
    assert capsys.readouterr() == ("0.5.0\n", "")
    assert manifest.read_version(project.path) == manifest.read_lock_version(project.path) == "0.5.0"
    assert cli.main(["version", "check"]) == 0
    before = (project.path / "pyproject.toml").stat()
    assert cli.main(["version", "set"]) == 0
    assert (project.path / "pyproject.toml").stat().st_mtime_ns == before.st_mtime_ns
    assert "nothing to do" in capsys.readouterr().err


def test_set_the_version_commit_included_leads_to_the_same_version_again(project: Repository) -> None:
    for _ in range(2):
        assert cli.main(["version", "set"]) == 0
        assert manifest.read_version(project.path) == "0.5.0"
        project.git("add", "pyproject.toml")
        project.commit("chore(release): set version to 0.5.0")


def test_set_finishes_what_was_cut_off_between_the_files(project: Repository) -> None:
    (project.path / "uv.lock").write_text(LOCKED)
    project.manifest("0.5.0")
    assert cli.main(["version", "set"]) == 0
    assert manifest.read_lock_version(project.path) == "0.5.0"


def test_set_works_from_a_folder_below(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    below = project.path / "src"
    below.mkdir()
    monkeypatch.chdir(below)
    assert cli.main(["version", "set", "1.2.3"]) == 0
    assert manifest.read_version(project.path) == "1.2.3"


def test_set_dev_names_the_commit(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    head = project.git("rev-parse", "HEAD")
    assert cli.main(["version", "set", "--dev"]) == 0
    said = capsys.readouterr().out.strip()
    assert said.startswith(f"0.5.0.dev0+{head[:7]}")
    assert manifest.read_version(project.path) == said


@pytest.mark.parametrize("option", ["--plan", "--dry-run"])
def test_set_can_say_what_it_would_do(project: Repository, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert cli.main(["version", "set", "0.5.0", option]) == 0
    assert "write 0.5.0 into pyproject.toml" in capsys.readouterr().out
    assert manifest.read_version(project.path) == "0.4.1"
    assert cli.main(["version", "set", "0.5.0", option, "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [(step["key"], step["result"]) for step in steps] == [
        ("set-pyproject-toml", "needed"),
        ("set-uv-lock", "done"),
    ]


@pytest.mark.parametrize("version", ["", "0.5", "v0.5.0", "0.5.0.dev0+0123456", "latest"])
def test_set_refuses_what_is_no_version_of_ours(
    project: Repository, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    assert cli.main(["version", "set", version]) == 2
    assert "is not X.Y.Z" in capsys.readouterr().err
    assert manifest.read_version(project.path) == "0.4.1"


def test_set_dev_needs_a_commit(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.path)
    repository.manifest("0.1.0")
    assert cli.main(["version", "set", "--dev"]) == 2
    assert "There is no commit yet" in capsys.readouterr().err


@pytest.fixture
def branch(project: Repository) -> Repository:
    """A branch off main with a feature and its version commit."""
    project.git("switch", "--quiet", "--create", "topic")
    project.commit("fix: b", "feat: c", "chore(release): set version to 0.5.0")
    return project


@pytest.mark.usefixtures("branch")
def test_a_title_that_asks_for_what_the_commits_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "check-title", "feat: b and c", "--base", "main"]) == 0
    assert capsys.readouterr().out == "minor, whichever way it is merged.\n"
    assert cli.main(["version", "check-title", "feat: b and c", "--base", "main", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["level"] == "minor"


@pytest.mark.usefixtures("branch")
@pytest.mark.parametrize("title", ["fix: too little", "nothing at all", "feat!: too much"])
def test_a_title_that_asks_for_something_else(capsys: pytest.CaptureFixture[str], title: str) -> None:
    assert cli.main(["version", "check-title", title, "--base", "main"]) == 3
    said = capsys.readouterr().err
    assert "error[title-mismatch]: The version would depend on how this is merged:" in said
    assert "merge or rebase: minor (type feat) feat: c" in said


def test_a_title_is_compared_with_origin_main_unless_told_otherwise(
    branch: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["version", "check-title", "feat: c"]) == 2
    assert "'origin/main'" in capsys.readouterr().err
    branch.git("update-ref", "refs/remotes/origin/main", "main")
    assert cli.main(["version", "check-title", "feat: c"]) == 0


def test_a_tag_with_the_base_s_name_is_not_the_base(branch: Repository) -> None:
    """Whoever pushes a tag `origin/main` to the head would leave nothing to compare the title with."""
    branch.git("update-ref", "refs/remotes/origin/main", "main")
    before = cli.main(["version", "check-title", "docs: c"])
    branch.git("tag", "origin/main", "HEAD")
    assert cli.main(["version", "check-title", "docs: c"]) == before == 3


@pytest.mark.parametrize("tag", ["v999999999999999999.0.0", "9999999999.0.0", "0.9999999999.0"])
def test_a_tag_with_an_absurd_number_is_not_a_release(
    branch: Repository, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["version", "next"]) == 0
    before = capsys.readouterr().out
    branch.git("tag", tag)
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == before
    assert cli.main(["version", "set", tag.removeprefix("v")]) == 2

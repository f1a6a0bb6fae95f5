"""`rnd version set --commit` and `--push`: one commit, the same whenever it is made, on the branch that it is for."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import cli, manifest
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository


@pytest.fixture
def branch(locked: Repository, tmp_path: Path) -> Repository:
    """A branch with a feature since 0.4.1, checked out as a workflow has it, that lies on a remote as well."""
    locked.commit("feat: a")
    locked.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    locked.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    locked.git("push", "--quiet", "origin", "HEAD:refs/heads/topic", "HEAD~1:refs/heads/main", "--tags")
    locked.git("checkout", "--quiet", "--detach")
    return locked


def remote(repository: Repository, name: str = "topic") -> str:
    """Return the commit that a branch of the remote is at."""
    return repository.git("ls-remote", "origin", f"refs/heads/{name}").partition("\t")[0]


def test_the_commit_holds_the_version_in_both_files_and_nothing_else(branch: Repository) -> None:
    (branch.path / "notes.txt").write_text("mine\n")
    branch.git("add", "notes.txt")
    assert cli.main(["version", "set", "--commit"]) == 0
    assert branch.git("show", "--no-patch", "--format=%B", "HEAD") == "chore(release): set version to 0.5.0"
    assert branch.git("show", "--name-only", "--format=", "HEAD").split() == ["pyproject.toml", "uv.lock"]
    assert manifest.read_version(branch.path) == manifest.read_lock_version(branch.path) == "0.5.0"
    assert branch.git("status", "--porcelain") == "A  notes.txt"
    assert remote(branch) == branch.git("rev-parse", "HEAD~1")


def test_the_push_goes_to_the_branch_alone(branch: Repository) -> None:
    main = remote(branch, "main")
    assert cli.main(["version", "set", "--push", "topic"]) == 0
    assert remote(branch) == branch.git("rev-parse", "HEAD")
    assert remote(branch, "main") == main


def test_a_second_run_does_nothing(branch: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "set", "--push", "topic"]) == 0
    head = branch.git("rev-parse", "HEAD")
    capsys.readouterr()
    assert cli.main(["version", "set", "--push", "topic", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [(step["key"], step["result"]) for step in steps] == [
        ("set-pyproject-toml", "done"),
        ("set-uv-lock", "done"),
        ("commit-version", "done"),
        ("push-version", "done"),
    ]
    assert branch.git("rev-parse", "HEAD") == head


def test_a_run_that_is_repeated_from_the_start_makes_the_same_commit(branch: Repository) -> None:
    """A job that runs again checks out what it checked out the first time, and the branch is ahead of it by then."""
    start = branch.git("rev-parse", "HEAD")
    assert cli.main(["version", "set", "--push", "topic"]) == 0
    first = branch.git("rev-parse", "HEAD")
    branch.git("checkout", "--quiet", "--force", start)
    assert cli.main(["version", "set", "--push", "topic"]) == 0
    assert branch.git("rev-parse", "HEAD") == first == remote(branch)


def test_it_needs_no_more_of_the_history_than_a_workflow_fetches(
    branch: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clone has all commits, and files of its own commit alone; whatever else git wanted it could not fetch."""
    there = tmp_path / "remote.git"
    (branch.path / "more.txt").write_text("more\n")
    branch.git("add", "more.txt")
    branch.git("push", "--quiet", "origin", f"{branch.commit('fix: b')}:refs/heads/topic")
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        branch.git("-C", str(there), "config", setting, "true")
    clone = type(branch)(tmp_path / "clone")
    branch.git("clone", "--quiet", "--filter=tree:0", "--branch=topic", there.as_uri(), str(clone.path))
    monkeypatch.chdir(clone.path)
    clone.git("config", "remote.origin.uploadpack", "false")  # no fetch will work
    assert cli.main(["version", "set", "--commit", "--pending", "origin/main"]) == 0
    clone.git("config", "--unset", "remote.origin.uploadpack")
    assert cli.main(["version", "set", "--push", "topic", "--pending", "origin/main"]) == 0
    assert remote(branch) == clone.git("rev-parse", "HEAD")


def test_a_branch_that_went_on_is_left_alone(branch: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    branch.git("push", "--quiet", "origin", f"{branch.commit('fix: meanwhile')}:refs/heads/topic")
    branch.git("reset", "--quiet", "--hard", "HEAD~1")
    there = remote(branch)
    assert cli.main(["version", "set", "--push", "topic"]) == 1
    assert "error[push-refused]: git push origin failed, for topic" in capsys.readouterr().err
    assert remote(branch) == there


def test_the_plan_tells_each_step_and_changes_nothing(branch: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    head = branch.git("rev-parse", "HEAD")
    assert cli.main(["version", "set", "--push", "topic", "--plan"]) == 0
    said = capsys.readouterr().out
    assert "git commit -m 'chore(release): set version to 0.5.0'" in said
    assert "git push origin HEAD:refs/heads/topic" in said
    assert branch.git("rev-parse", "HEAD") == head == remote(branch)
    assert branch.git("status", "--porcelain") == ""


def test_cut_off_before_the_commit_it_goes_on(branch: Repository) -> None:
    assert cli.main(["version", "set"]) == 0
    assert cli.main(["version", "set", "--push", "topic"]) == 0
    assert branch.git("show", "--name-only", "--format=", "HEAD").split() == ["pyproject.toml", "uv.lock"]


@pytest.mark.parametrize("change", ["# mine\n", 'description = "mine"\n'])
def test_changes_of_a_person_are_never_part_of_it(
    branch: Repository, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    manifest_file = branch.path / "pyproject.toml"
    manifest_file.write_text(manifest_file.read_text() + change)
    head = branch.git("rev-parse", "HEAD")
    assert cli.main(["version", "set", "--commit"]) == 2
    assert "error[uncommitted-changes]: pyproject.toml has changes" in capsys.readouterr().err
    assert branch.git("rev-parse", "HEAD") == head


def test_the_version_of_one_build_is_not_committed(branch: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "set", "--dev", "--commit"]) == 2
    assert "not to be committed" in capsys.readouterr().err
    assert branch.git("status", "--porcelain") == ""


def test_git_must_know_who_commits(
    branch: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    assert cli.main(["version", "set", "--commit"]) == 1
    assert "error[identity-missing]" in capsys.readouterr().err
    assert branch.git("status", "--porcelain") == ""


def test_outputs_for_the_jobs_that_follow(branch: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    start = branch.git("rev-parse", "HEAD")
    assert cli.main(["version", "set", "--github-output"]) == 0
    assert outputs(tmp_path) | {"development-version": ""} == {
        "version": "0.5.0",
        "development-version": "",
        "commit": start,
        "settled": "false",
        "app": "false",
    }
    (tmp_path / "output").unlink()
    assert cli.main(["version", "set", "--push", "topic", "--github-output"]) == 0
    made = outputs(tmp_path)
    assert set(made) == OUTPUTS["version set"]
    assert (made["commit"], made["settled"]) == (remote(branch), "true")
    assert made["development-version"].startswith(f"0.5.0.dev0+{made['commit'][:7]}")


def test_the_app_pushes_in_a_workflow(
    branch: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its token comes from the broker, for this push alone."""
    asked: list[str] = []
    signed_in: list[str] = []

    def give(identity: str, *_: object) -> str:
        asked.append(identity)
        return "of-the-app"

    def refuse(_: Path, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        signed_in.append(token)
        return subprocess.CompletedProcess(arguments, 1, "", "refused")

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
    monkeypatch.setattr("rnd.ci.identity.github_token", give)
    monkeypatch.setattr("rnd.git.signed_in", refuse)
    branch.git("remote", "set-url", "origin", "https://github.com/acme/demo")
    assert cli.main(["version", "set", "--push", "topic"]) == 1
    assert asked == ["version"]
    assert set(signed_in) == {"of-the-app"}
    assert "of-the-app" not in "".join(capsys.readouterr())
    cli.main(["version", "set", "--push", "topic", "--plan"])
    assert asked == ["version"], "a plan needs no token of the app"


def outputs(folder: Path) -> dict[str, str]:
    """Return the outputs that GitHub would read."""
    return dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())


def test_no_outputs_where_no_workflow_runs(
    branch: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    assert cli.main(["version", "set", "--github-output"]) == 2
    assert "GITHUB_OUTPUT is not set" in capsys.readouterr().err
    assert branch.git("rev-parse", "HEAD") == remote(branch)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/acme/demo",
        "https://github.com.example.com/acme/demo",
        "https://github.com@example.com/acme/demo",
        "http://github.com/acme/demo",
        "HTTPS://example.com/acme/demo",
    ],
)
@pytest.mark.parametrize("option", ["--push", "--no-push"])
def test_the_token_goes_to_github_alone(
    branch: Repository, url: str, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clone of a hostile repository, or one whose remote somebody has changed."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    branch.git("remote", "set-url", *(["--push"] if option == "--push" else []), "origin", url)
    assert cli.main(["version", "set", "--push", "topic"]) == 2
    said = capsys.readouterr().err
    assert "error[usage]: The remote `origin` is" in said
    assert "and the token is for https://github.com" in said
    assert "secret" not in said


@pytest.mark.parametrize("lock", ["[[package]", "version = 1\n", "\ufeff\0", None])
def test_a_lock_file_that_cannot_be_written_leaves_both_as_they_are(
    branch: Repository, lock: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if lock is None:
        (branch.path / "uv.lock").write_bytes(b"\xff\xfe")
    else:
        (branch.path / "uv.lock").write_text(lock)
    assert cli.main(["version", "set", "0.7.0"]) == 1
    assert "error[manifest-invalid]: uv.lock" in capsys.readouterr().err
    assert manifest.read_version(branch.path) == "0.4.1"


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.lock"])
def test_files_that_are_not_utf_8_are_refused(
    branch: Repository, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (branch.path / file).write_bytes((branch.path / file).read_bytes() + b"# \xff\n")
    assert cli.main(["version", "set", "--commit"]) == 1
    assert f"error[manifest-invalid]: {file} cannot be read" in capsys.readouterr().err

"""`rnd version …` as a person or a workflow calls it, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli, manifest
from tests.helpers.repository import LOCKED
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository


@pytest.fixture
def project(released: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the release 0.4.1, whose manifest says so, and with one feature since."""
    monkeypatch.chdir(released.path)
    released.manifest("0.4.1")
    released.commit("feat: a")
    return released


@pytest.mark.usefixtures("project")
def test_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr() == ("0.5.0\n", "")


def test_next_elsewhere(
    project: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["-C", str(project.path), "version", "next"]) == 0
    assert capsys.readouterr().out == "0.5.0\n"


@pytest.mark.usefixtures("project")
def test_next_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "next", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": "0.5.0",
        "tag": "0.5.0",
        "previous": "0.4.1",
        "level": "minor",
        "reason": "1 commit since 0.4.1; 1 of level minor",
        "taken": None,
        "taken_by": None,
        "unrecognised_tags": [],
    }


@pytest.mark.parametrize("manifest_version", ["0.1.0", "0.1.0.dev0+0a1b2c3"])
@pytest.mark.parametrize("commits", [[], ["feat: a"]], ids=["unborn", "untagged"])
def test_the_first_release_is_the_manifest_s(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    manifest_version: str,
    commits: list[str],
) -> None:
    monkeypatch.chdir(repository.path)
    repository.manifest(manifest_version)
    repository.commit(*commits) if commits else None
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == "0.1.0\n"


@pytest.mark.usefixtures("project")
def test_next_starts_nothing_dear() -> None:
    """What `next` imports is what every job pays for."""
    code = (
        "import sys; from rnd.cli import main; main(['version', 'next']);"
        "print(*{'typing', 'dataclasses', 'subprocess', 'pathlib', 'json', 'rich', 'tomllib'} & {*sys.modules})"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "0.5.0\n\n"


def test_a_version_that_is_taken_is_refused(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.git("switch", "--quiet", "--create", "main-as-it-went-on", "HEAD~1")
    project.commit("feat: b")
    project.release("0.5.0")
    released = project.git("rev-parse", "--short=7", "HEAD")
    project.git("switch", "--quiet", "main")
    assert cli.main(["version", "next"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"error[version-taken]: 0.5.0 comes next here, and tag 0.5.0 is on commit {released}." in said.err
    assert "`git merge 0.5.0`" in said.err
    assert cli.main(["version", "explain"]) == 0
    assert f"It cannot be released: tag 0.5.0 is on commit {released}." in capsys.readouterr().out
    project.git("merge", "--quiet", "--no-edit", "0.5.0")
    assert cli.main(["version", "next"]) == 0, "the advice helps"
    assert capsys.readouterr().out == "0.6.0\n"


def test_an_older_commit_of_the_same_history(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.commit("feat: b")
    project.release("0.5.0")
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    assert cli.main(["version", "next"]) == 1
    assert "`git merge --ff-only 0.5.0`" in capsys.readouterr().err
    project.git("merge", "--quiet", "--ff-only", "0.5.0")
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == "0.5.0\n"


def test_tags_without_a_commit_in_common(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.git("switch", "--quiet", "--orphan", "elsewhere")
    project.commit("feat: b")
    project.release("0.5.0")
    project.git("switch", "--quiet", "main")
    assert cli.main(["version", "next"]) == 1
    assert "have no commit in common" in capsys.readouterr().err
    project.git("tag", "--force", "0.5.0", "HEAD^{tree}")
    assert cli.main(["version", "next"]) == 1
    assert "tag 0.5.0 is on something that is not a commit." in capsys.readouterr().err


def test_the_first_version_is_taken(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.path)
    repository.manifest("0.1.0")
    repository.commit("feat: a")
    repository.git("switch", "--quiet", "--create", "other")
    repository.commit("feat: b")
    repository.release("0.1.0")
    repository.git("switch", "--quiet", "main")
    repository.commit("fix: c")
    assert cli.main(["version", "next"]) == 1
    assert "Write a version that is not released yet into pyproject.toml" in capsys.readouterr().err


def test_a_version_below_a_tag_of_an_unknown_form_is_refused(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    project.release("release-5.0.0")
    assert cli.main(["version", "next"]) == 1
    said = capsys.readouterr().err
    assert "error[unrecognised-tag]: 0.5.0 comes next here, and tag release-5.0.0 in the history of this" in said
    assert cli.main(["version", "explain", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unrecognised_tags"] == ["release-5.0.0"]
    for form in ([], ["--markdown"]):
        assert cli.main(["version", "explain", *form]) == 0
        assert "which do not count: release-5.0.0." in capsys.readouterr().out
    project.git("tag", "5.0.0", "release-5.0.0^{}")
    assert cli.main(["version", "next"]) == 0, "the advice helps"
    assert capsys.readouterr().out == "5.0.0\n"


@pytest.mark.parametrize(("tag", "code"), [("v4.5", None), ("release-4.5.0", "unrecognised-tag")])
def test_a_version_that_a_build_backend_reads_off_the_tags(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tag: str,
    code: str | None,
) -> None:
    monkeypatch.chdir(repository.path)
    (repository.path / "pyproject.toml").write_text('[project]\nname = "demo"\ndynamic = ["version"]\n')
    repository.commit("feat: a")
    repository.release(tag)
    repository.commit("fix: b")
    assert cli.main(["version", "next"]) == (1 if code else 0)
    said = capsys.readouterr()
    if code:
        assert f"error[{code}]: No tag in the history of this commit is written X.Y.Z; {tag} resembles" in said.err
    else:
        assert said.out == "4.5.1\n"


@pytest.mark.parametrize("command", [["next"], ["explain"], ["explain", "--markdown"], ["explain", "--json"]])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_encoding_that_cannot_take_a_message(project: Repository, command: list[str], encoding: str) -> None:
    project.commit("fix: ü 漢 🎉\n\n> feat: 漢")
    called = subprocess.run(
        [sys.executable, "-m", "rnd", "version", *command],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (called.returncode, called.stderr) == (0, b"")
    if "--json" in command:
        subjects = [commit["subject"] for commit in json.loads(called.stdout)["commits"]]
        assert "fix: ü 漢 🎉" in subjects
    elif command != ["next"]:
        assert "fix: ü 漢 🎉".encode(encoding, errors="replace") in called.stdout


def test_a_shallow_clone_is_refused(
    project: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.git("add", "--all")
    project.commit("fix: b")
    project.git("clone", "--quiet", "--depth=1", project.path.as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    for command in (["next"], ["explain"], ["check"], ["set"], ["check-title", "fix: a"]):
        assert cli.main(["version", *command]) == 1
        assert "fetch-depth: 0" in capsys.readouterr().err


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["version", "next", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "not-a-repository"


def test_explain(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    head = project.commit("fix: b\n\n> feat!: quoted")
    assert cli.main(["version", "explain"]) == 0
    summary, *table = capsys.readouterr().out.splitlines()
    assert summary == "0.5.0: 2 commits since 0.4.1; 1 of level minor."
    rows = [line.split() for line in table if line.strip()]
    assert rows[2][1:] == ["minor", "feat:", "a", "type", "feat"]
    assert rows[3] == [head[:7], "patch", "fix:", "b", "type", "fix"]
    assert rows[4] == ["ignored", ">", "feat!:", "quoted", "quoted"]


@pytest.mark.usefixtures("project")
def test_explain_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "explain", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == "0.5.0"
    assert [commit["subject"] for commit in document["commits"]] == ["feat: a"]


@pytest.mark.usefixtures("project")
def test_explain_as_a_comment(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "explain", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("### Next version: `0.5.0`\n")


@pytest.mark.usefixtures("project")
def test_check_finds_another_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "check"]) == 3
    assert (
        "error[version-mismatch]: pyproject.toml has 0.4.1, and 0.5.0 comes next: "
        "1 commit since 0.4.1; 1 of level minor." in capsys.readouterr().err
    )


def test_check_finds_another_version_in_the_lock_file(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.manifest("0.5.0")
    (project.path / "uv.lock").write_text(LOCKED)
    assert cli.main(["version", "check"]) == 3
    assert "uv.lock has 0.4.1, and 0.5.0 comes next" in capsys.readouterr().err


def test_check_finds_the_version_that_comes_next(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.manifest("0.5.0")
    assert cli.main(["version", "check"]) == 0
    assert capsys.readouterr().out == "0.5.0, as it should be: 1 commit since 0.4.1; 1 of level minor.\n"
    assert cli.main(["version", "check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"version": "0.5.0", "tag": "0.5.0", "files": {"pyproject.toml": "0.5.0", "uv.lock": None}}


def test_check_gives_the_later_jobs_the_version(
    project: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert cli.main(["version", "check", "--github-output"]) == 3
    assert not (tmp_path / "output").exists()
    project.manifest("0.5.0")
    assert cli.main(["version", "check", "--github-output"]) == 0
    said = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert said == {"version": "0.5.0", "tag": "0.5.0"}
    assert set(said) == OUTPUTS["version check"]


def test_check_holds_again_after_the_release(project: Repository) -> None:
    """A job that runs again when the tag is there already finds what it found the first time."""
    project.manifest("0.5.0")
    assert cli.main(["version", "check"]) == 0
    project.release("0.5.0")
    assert cli.main(["version", "check"]) == 0


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

"""`rnd version …` as a person or a workflow calls it, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from tests.helpers.repository import LOCKED
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository


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
        "jumped_from": None,
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


def test_next_without_options_answers_like_any_other_call(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    for call in (["version", "next"], ["-C", ".", "version", "next"]):
        assert cli.main(call) == 0
        assert capsys.readouterr().out == "0.5.0\n"
    said = subprocess.run([sys.executable, "-m", "rnd", "version", "next"], capture_output=True, text=True, check=True)
    assert said.stdout == "0.5.0\n"
    (project.path / ".git" / "HEAD").unlink()
    errors = []
    for call in (["version", "next"], ["-C", ".", "version", "next"]):
        assert cli.main(call) == 2
        errors.append(capsys.readouterr().err)
    assert errors[0] == errors[1]
    assert "git finds no repository" in errors[0]


@pytest.mark.usefixtures("project")
def test_next_starts_nothing_dear() -> None:
    """What `next` imports is what every job pays for."""
    code = (
        "import sys; from rnd.cli import main; main(['version', 'next']);"
        "dear = {'typing', 'dataclasses', 'subprocess', 'pathlib', 'json', 'rich', 'tomllib', 'argparse', 'gettext'};"
        "print(*dear & {*sys.modules})"
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
    project.manifest("5.0.0")
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

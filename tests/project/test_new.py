"""`rnd new`: a whole repository, or nothing and a clear sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnd.answers import read_project
from rnd.cli import main
from rnd.environments.environment import environment_of
from rnd.names import derive_names
from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.machine import AUTHOR, BOTH_TOOLS
from tests.helpers.template import TemplateRepository, asking_nothing

NAMES = derive_names("speech_alignment", load_organisation())


def new(template: TemplateRepository, *arguments: str | Path, name: str = "speech_alignment") -> int:
    """Run `rnd new` on the template under test, asking nothing."""
    return main(["new", *map(str, arguments), *asking_nothing(template.address, name)])


def files(folder: Path) -> set[str]:
    """Return what a folder holds, hidden things included."""
    return {path.name for path in folder.iterdir()}


@BOTH_TOOLS
def test_a_whole_repository_and_again_repeats_nothing(
    template: TemplateRepository,
    tmp_path: Path,
    tool: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if tool == "conda":  # which needs no uv
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        monkeypatch.delenv("UV", raising=False)
    folder = tmp_path / "work" / "aligner"
    assert new(template, folder) == 0

    assert git(folder, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert git(folder, "log", "--format=%an <%ae> %s") == f"{AUTHOR} chore: create the repository from its template"
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "config", "--get-regexp", "core") == (
        "core.repositoryformatversion 0\ncore.filemode true\ncore.bare false\ncore.logallrefupdates true"
    )
    assert {"pre-commit", "commit-msg"} <= files(folder / ".git" / "hooks")
    assert f"author: {AUTHOR}\n" in (folder / ".copier-answers.yml").read_text()
    assert f"dependency_tool: {tool}\n" in (folder / ".copier-answers.yml").read_text()
    assert environment_of(read_project(folder)).install_step().observe().done
    assert ("uv.lock" in files(folder)) is (tool == "uv")
    assert ("conda-lock.yml" in files(folder)) is (tool == "conda")
    assert files(tmp_path / "work") == {"aligner"}

    said = capfd.readouterr()
    assert f"speech_alignment is ready in {folder}" in said.out
    assert f"package  {NAMES.package}" in said.out
    assert "Run the repository's checks: done (passed on " in said.err

    head = git(folder, "rev-parse", "HEAD")
    assert new(template, folder, "--json") == 0
    steps = json.loads(capfd.readouterr().out)["steps"]
    assert {step["result"] for step in steps} == {"done"}
    assert git(folder, "rev-parse", "HEAD") == head

    assert new(template, folder, name="second") == 2
    assert "contains the project speech_alignment, not second." in capfd.readouterr().err


@BOTH_TOOLS
def test_a_plan_changes_nothing_and_the_command_does_exactly_that(
    template: TemplateRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the empty folder that one stands in."""
    place = tmp_path / "aligner"
    place.mkdir()
    monkeypatch.chdir(place)
    assert new(template, ".", "--plan", "--json") == 0
    planned = json.loads(capfd.readouterr().out)["steps"]
    assert files(place) == set()

    assert new(template, ".", "--json") == 0
    applied = json.loads(capfd.readouterr().out)["steps"]
    assert [step["key"] for step in planned if step["result"] == "needed"] == [
        *("lock", "files", "environment", "repository", "hooks", "checks")
    ]
    assert [(step["key"], step["actions"]) for step in planned] == [(step["key"], step["actions"]) for step in applied]
    assert [step["result"] for step in applied] == [step["result"].replace("needed", "applied") for step in planned]
    assert Path.cwd().joinpath("pyproject.toml").is_file()
    assert git(place, "status", "--porcelain") == ""


def test_without_a_folder_it_is_named_like_the_github_repository(
    template: TemplateRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    assert new(template, "--quiet") == 0
    assert files(place) == {NAMES.repository}
    assert new(template, "--quiet") == 0


def test_answers_from_a_file_and_those_of_the_command_line_before_them(
    template: TemplateRepository, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text("project_name: from_the_file\nauthor: Grace Hopper\n")
    arguments = ("--data-file", answers, "--data", "author=Ada", "--plan", "--template", template.address, "--defaults")
    assert main(["new", str(tmp_path / "made"), *map(str, arguments)]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "project_name"), "--data project_name is not NAME=VALUE."),
        (("--data", "colour=red"), "Unknown question: colour."),
        (("--data", "python_version=2.7"), "python_version"),
        (("--data-file", "missing.yml"), "--data-file missing.yml: "),
    ],
)
def test_wrong_usage_is_explained_and_makes_nothing(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str], said: str
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    assert new(template, place / "made", *arguments) != 0
    assert said in capfd.readouterr().err
    assert files(place) == set()


@pytest.mark.parametrize(
    "source", ["https://127.0.0.1:9/template.git", "git@localhost:none/such.git", "/no/such/folder"]
)
def test_a_template_that_cannot_be_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    assert main(["new", str(tmp_path / "made"), *asking_nothing(source, "x")]) == 1
    assert "error[template-unavailable]: " in capfd.readouterr().err
    assert not (tmp_path / "made").exists()


def test_without_a_terminal_a_missing_answer_is_named(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "made"), "--template", template.address]) == 2
    assert "error[answer-missing]: The question project_name has no answer." in capfd.readouterr().err
    assert not (tmp_path / "made").exists()


def test_a_destination_that_is_a_file(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("mine")
    assert new(template, tmp_path / "taken") == 2
    assert f"error[destination-refused]: {tmp_path / 'taken'} is a file." in capfd.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_destination_that_holds_something(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    assert new(template, tmp_path / "taken") == 2
    assert "taken is not empty: it contains thesis.tex." in capfd.readouterr().err
    assert files(tmp_path / "taken") == {"thesis.tex"}


def test_a_destination_inside_another_repository(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet", "outer")
    assert new(template, tmp_path / "outer" / "deep" / "made") == 2
    assert f"is inside another git repository, {tmp_path / 'outer'}." in capfd.readouterr().err
    assert files(tmp_path / "outer") == {".git"}


def test_a_destination_inside_a_uv_workspace(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever writes to a parent folder could name the index that packages come from."""
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["**"]\n')
    assert new(template, tmp_path / "deep" / "made", "--plan") == 2
    assert f"is inside a uv workspace, {tmp_path}." in capfd.readouterr().err
    (tmp_path / "pyproject.toml").unlink()
    os.mkfifo(tmp_path / "pyproject.toml")
    assert new(template, tmp_path / "deep" / "made", "--plan") == 2
    assert files(tmp_path) == {"pyproject.toml", "rnd-template"}


def plant(place: Path, kept: Path) -> set[str]:
    """Put into a shared folder what another user could, and return the names."""
    kept.mkdir()
    (kept / "thesis.tex").write_text("mine")
    (place / ".rnd-new-link").symlink_to(kept)
    (place / ".rnd-new-dangling").symlink_to(place / "nowhere")
    (place / ".rnd-new-file").write_text("")
    os.mkfifo(place / ".rnd-new-pipe")
    names = {".rnd-new-link", ".rnd-new-dangling", ".rnd-new-file", ".rnd-new-pipe"}
    if os.geteuid() == 0:
        (place / ".rnd-new-other").mkdir(mode=0o700)
        os.chown(place / ".rnd-new-other", 12345, 12345)
        names.add(".rnd-new-other")
    return names


def test_what_a_killed_run_left_is_removed_but_not_what_a_running_one_uses_or_another_user_put_there(
    template: TemplateRepository, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    (place / ".rnd-new-killed").mkdir(parents=True)
    (place / ".rnd-new-running").mkdir()
    hold = "fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", f"import fcntl, os, sys; {hold}", place / ".rnd-new-running"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        others = plant(place, tmp_path / "kept") | {".rnd-new-running"}
        assert new(template, place / "made", "--plan") == 0
        assert files(place) == others | {".rnd-new-killed"}, "a plan removes nothing"
        assert new(template, place / "made") == 0
        running.communicate(b"\n")
    assert files(place) == others | {"made"}
    assert files(tmp_path / "kept") == {"thesis.tex"}


def test_an_ignore_list_of_the_user_s_own_and_variables_of_a_hook_that_runs_it_change_nothing(
    template: TemplateRepository, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".gitignore").write_text(".vscode/\nuv.lock\n")
    git(tmp_path, "config", "--global", "core.excludesFile", str(home / ".gitignore"))
    git(tmp_path, "init", "--quiet", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    assert new(template, tmp_path / "made", "--quiet") == 0
    monkeypatch.delenv("GIT_DIR")
    assert os.listdir(tmp_path / "made" / ".git" / "refs" / "heads") == ["main"]  # noqa: PTH208
    assert os.listdir(tmp_path / "other" / ".git" / "refs" / "heads") == []  # noqa: PTH208
    assert {".vscode/settings.json", "uv.lock"} <= set(git(tmp_path / "made", "ls-files").splitlines())


def test_uncommitted_changes_of_the_template_are_rendered_and_pointed_out(
    template: TemplateRepository, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    template.edit("template/.gitignore.jinja", "dist/\n", "dist/\n*.wav\n")
    assert main(["new", str(tmp_path / "made"), *asking_nothing(str(template.folder))]) == 0
    assert "*.wav" in (tmp_path / "made" / ".gitignore").read_text()
    assert f"created from uncommitted changes of {template.folder}" in capfd.readouterr().out

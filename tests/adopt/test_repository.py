"""`rnd adopt --plan` on git repositories: what it refuses, what it prints, and that nothing of them runs or changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.adopt.errors import AlreadyGenerated, HistoryIncomplete
from rnd.adopt.reading import analyse
from rnd.adopt.repository import look
from rnd.cli import main
from rnd.errors import NotARepository, UncommittedChanges
from tests.helpers.git import git, make_repository

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("git_of_its_own")
PUBLISHED = "git@github.com:acme/rnd-template.git"
SPY = "import pathlib\npathlib.Path('ran').touch()\npathlib.Path(__file__).with_name('ran').touch()\n"
KEYWORDS = "name='aligner', version='0.3.1', python_requires='>=3.9', packages=['aligner']"
FILES = {
    "setup.py": f"{SPY}from setuptools import setup\nsetup({KEYWORDS})\n",
    "conftest.py": SPY,
    "noxfile.py": SPY,
    "aligner/__init__.py": SPY,
}


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    """A repository with a setup.py; each Python file of it writes a file when it runs."""
    folder = tmp_path / "aligner"
    make_repository(folder, FILES, "master")
    git(folder, "tag", "v0.3.1")
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return all files of a repository, those of git included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_plan_changes_nothing_and_runs_no_code(existing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (existing / ".git" / "hooks" / "post-index-change").write_text("#!/bin/sh\ntouch ran\n")
    (existing / ".git" / "hooks" / "post-index-change").chmod(0o755)
    git(existing, "config", "core.fsmonitor", "touch ran; false")
    before = snapshot(existing)
    assert main(["adopt", str(existing), "--plan", "--json"]) == 3
    printed = json.loads(capsys.readouterr().out)
    assert snapshot(existing) == before
    assert printed["joins"]
    assert printed["facts"]["name"] == {"value": "aligner", "source": "setup.py:5"}
    assert printed["facts"]["last-release"] == {"value": "v0.3.1", "source": "git tags"}
    assert [point["code"] for point in printed["open_points"]] == ["default-branch", "other-ci"]


def test_the_plan_for_people_has_the_source_of_each_fact(existing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adopt", str(existing), "--plan"]) == 3
    printed = capsys.readouterr().out
    assert "Nothing has been changed" in printed
    assert "  version          0.3.1  (setup.py:5)\n" in printed
    assert "\nOpen points of the pull request:\n  • git: The default branch is master; rename it to main" in printed


def test_a_shallow_clone_is_refused(existing: Path, tmp_path: Path) -> None:
    git(existing, "commit", "--quiet", "--allow-empty", "--message", "second")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{existing}", "shallow")
    with pytest.raises(HistoryIncomplete, match="is a shallow clone"):
        look(tmp_path / "shallow", PUBLISHED)


def test_missing_content_of_git_lfs_is_refused(existing: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    (existing / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (existing / "model.bin").write_text(pointer)
    for name in ("clean", "smudge", "process"):
        git(existing, "config", f"filter.lfs.{name}", "cat" if name != "process" else "")
    git(existing, "add", "--all")
    git(existing, "commit", "--quiet", "--message", "model")
    with pytest.raises(HistoryIncomplete, match=r"model\.bin is a pointer of Git LFS"):
        look(existing, PUBLISHED)


def test_changes_and_folders_without_a_commit_are_refused(existing: Path, tmp_path: Path) -> None:
    (existing / "notes.txt").write_text("")
    with pytest.raises(UncommittedChanges):
        look(existing, PUBLISHED)
    (tmp_path / "plain").mkdir()
    with pytest.raises(NotARepository, match="is not in the work tree"):
        look(tmp_path / "plain", PUBLISHED)
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(NotARepository, match="has no commit yet"):
        look(tmp_path / "empty", PUBLISHED)


def test_a_generated_repository_is_refused_and_one_of_another_template_is_not(existing: Path) -> None:
    answers = existing / ".copier-answers.yml"
    for source, refused in ((PUBLISHED, True), ("https://github.com/acme/other.git", False)):
        answers.write_text(f"_src_path: {source}\n")
        git(existing, "add", "--all")
        git(existing, "commit", "--quiet", "--message", "answers")
        if refused:
            with pytest.raises(AlreadyGenerated):
                look(existing, PUBLISHED)
        else:
            assert look(existing, PUBLISHED).tag == "v0.3.1"


@pytest.mark.slow
def test_5000_files_take_as_many_processes_as_one(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    monkeypatch.setattr(process, "_log", lambda argv: commands.append(" ".join(argv)))
    look(existing, PUBLISHED)
    few = len(commands)
    for number in range(5000):
        (existing / "aligner" / f"m{number}.py").touch()
    git(existing, "add", "--all")
    git(existing, "commit", "--quiet", "--message", "many")
    commands.clear()
    found = look(existing, PUBLISHED)
    assert len(found.tree.files) == 5004
    assert not analyse(found.tree, found.tag, found.branch).blocked
    assert len(commands) <= few + 5  # the manifests and the versions of modules are read one by one

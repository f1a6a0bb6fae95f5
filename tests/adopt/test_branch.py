"""The branch of an adoption: its content, that the repository is otherwise as it was, and what a later update does."""

from __future__ import annotations

import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from copier import run_update

from rnd import process, uv
from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.branch import make_branch, read_branch
from rnd.adopt.errors import BranchExists
from rnd.adopt.place import BRANCH
from rnd.adopt.reading import analyse
from rnd.adopt.repository import Existing, look
from rnd.answers import read_project
from rnd.cli import main
from rnd.errors import CommandFailed, DestinationRefused
from rnd.project.template import Template
from rnd.project.update import conflicts
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rnd.adopt.analysis import Analysis
    from tests.helpers.template import TemplateRepository

pytestmark = pytest.mark.usefixtures("git_of_its_own")
SPY = "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n"
CI = "name: CI\non: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n"
KEYWORDS = "name='Speech.Aligner', version='0.3.1', python_requires='>=3.9', packages=['aligner', 'aligner.small']"
POINTS = "{'console_scripts': ['al=aligner:main']}"
FILES = {
    "setup.py": f"{SPY}from setuptools import setup\nsetup({KEYWORDS},\n    entry_points={POINTS})\n",
    "setup.cfg": "[flake8]\nmax-line-length = 100\n",
    "README.rst": "Aligner\n=======\n",
    "LICENSE.txt": "MIT\n",
    ".gitignore": "data/\n",
    ".github/workflows/ci.yml": CI,
    "conftest.py": SPY,
    "tests/test_aligner.py": "import aligner\n\ndef test_it( ):\n    assert aligner.main() == 1   \n",
    "aligner/__init__.py": "def main( ):\n    return 1",
    "aligner/small/__init__.py": "",
    "aligner/words.txt": "one\r\ntwo\r\n",
}
KEPT = {path for path in FILES if path not in {"setup.py", ".gitignore", ".github/workflows/ci.yml"}}


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    """A repository with a flat layout, old CI and two releases on master."""
    folder = tmp_path / "old-aligner"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    git(folder, "init", "--quiet", "--initial-branch=master")
    git(folder, "config", "core.autocrlf", "false")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", "v0.3.1")
    return folder


def watched(argv: Iterable[str]) -> None:
    """Run what watches programs, as `rnd.process` does before it starts one."""
    process._log(argv)  # noqa: SLF001


@pytest.fixture
def without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv lock nothing, and ruff find one thing: the programs themselves are used by the slow tests."""

    def attempt(folder: Path, *arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        watched(("uv", *arguments))
        if arguments[0] == "lock":
            (folder / "uv.lock").write_text("version = 1\n")
        clean = "ALL" in (folder / "pyproject.toml").read_text()
        found = (
            ""
            if clean and "format" not in arguments
            else f'[{{"filename": "{folder.resolve()}/aligner/__init__.py", "code": "ALL"}}]'
        )
        return subprocess.CompletedProcess(arguments, 0, found if "json" in arguments else "", "")

    monkeypatch.setattr(uv, "attempt", attempt)


def examined(folder: Path) -> tuple[Existing, Analysis]:
    there = look(folder, "git@github.com:acme/rnd-template.git")
    found = analyse(there.tree, there.tag, there.branch)
    settle(found, {})
    return there, found


def adopt(folder: Path, template: TemplateRepository) -> Analysis:
    there, found = examined(folder)
    answers = derive_answers(found, there.tree, {}, ["3.9", "3.11"], folder.name)
    make_branch(there, found, answers, Template(template.address, template.address, "1.0.0"))
    return found


def on_branch(folder: Path, path: str) -> str:
    return subprocess.run(
        ["git", "show", f"{BRANCH}:{path}"], cwd=folder, capture_output=True, check=True
    ).stdout.decode()


def check_hooks(existing: Path) -> None:
    """Look whether the hooks leave out the files that they would change, and one that finds too much."""
    hooks = {
        one["id"]: one for one in yaml.safe_load(on_branch(existing, ".pre-commit-config.yaml"))["repos"][0]["hooks"]
    }
    assert hooks["line-ends"]["exclude"] == r"^(aligner/words\.txt)$"
    assert hooks["end-of-file"]["exclude"] == r"^(aligner/__init__\.py)$"
    assert "types" not in hooks


@pytest.mark.usefixtures("without_uv")
def test_the_branch_adds_merges_and_keeps_and_the_work_tree_is_untouched(
    existing: Path, template: TemplateRepository
) -> None:
    before = git(existing, "rev-parse", "HEAD")
    adopt(existing, template)
    assert git(existing, "status", "--porcelain", "--ignored") == ""
    assert (git(existing, "rev-parse", "HEAD"), git(existing, "branch", "--show-current")) == (before, "master")
    assert {path for path in KEPT if on_branch(existing, path) != FILES[path]} == set()
    assert git(existing, "log", "--format=%s", "--reverse", f"master..{BRANCH}").splitlines() == [
        "chore: add the files of rnd-template",
        "build: declare the package in pyproject.toml",
        "ci: start former workflows by hand only",
        "style: list what the linters find today",
    ]
    listed = git(existing, "ls-tree", "-r", "--name-only", BRANCH).splitlines()
    assert not {"setup.py", "README.md", "LICENSE", "src/aligner/__init__.py", "ran"} & set(listed)
    assert {"docker/build.py", "uv.lock", ".copier-answers.yml", ".github/workflows/on_pr.yml"} <= set(listed)
    assert on_branch(existing, ".gitignore").startswith("data/\n\n# From rnd-template\n")
    assert "* text" not in on_branch(existing, ".gitattributes")
    assert on_branch(existing, ".github/workflows/ci.yml") == CI.replace(
        "on: [push, pull_request]", "on: workflow_dispatch # the pipeline of rnd-template does this now"
    )
    manifest = tomllib.loads(on_branch(existing, "pyproject.toml"))
    assert manifest["tool"]["ruff"]["lint"]["per-file-ignores"]["aligner/__init__.py"] == ["ALL"]
    assert manifest["tool"]["ruff"]["format"]["exclude"] == ["aligner/__init__.py"]
    check_hooks(existing)
    branch = read_branch(existing, before)
    assert branch is not None
    assert (branch.changed, branch.proposals, branch.locked) == (
        {"setup.py": 5, ".github/workflows/ci.yml": 1},
        [],
        True,
    )
    assert branch.points[0].startswith(".gitattributes: Files have CRLF line ends")
    assert git(existing, "log", "--follow", "--format=%s", BRANCH, "--", "aligner/__init__.py") == "first"
    assert not list(existing.rglob("ran"))


@pytest.mark.usefixtures("without_uv")
def test_a_file_with_another_version_is_proposed_and_answers_of_another_template_move(
    existing: Path, template: TemplateRepository
) -> None:
    (existing / ".pre-commit-config.yaml").write_text("exclude: ^data/\nrepos: []\n")
    (existing / ".github" / "workflows" / "on_pr.yml").write_text("on: push\n")
    (existing / ".copier-answers.yml").write_text("_src_path: https://github.com/acme/other\n")
    git(existing, "add", "--all")
    git(existing, "commit", "--quiet", "--message", "hooks")
    adopt(existing, template)
    branch = read_branch(existing, git(existing, "rev-parse", "master"))
    assert branch is not None
    assert branch.proposals == [".github/workflows/on_pr.yml"]
    assert on_branch(existing, ".copier-answers.other.yml") == "_src_path: https://github.com/acme/other\n"
    assert on_branch(existing, branch.proposals[0]).startswith("<<<<<<< this repository\non: push\n=======\n")
    assert yaml.safe_load(on_branch(existing, ".pre-commit-config.yaml"))["exclude"] == "^data/"
    assert git(existing, "log", "-1", "--format=%s", BRANCH) == "chore: propose the files that differ"
    git(existing, "commit", "--quiet", "--allow-empty", "--message", "more")
    git(existing, "branch", "--force", BRANCH, "HEAD")
    with pytest.raises(BranchExists):
        read_branch(existing, git(existing, "rev-parse", "HEAD"))


@pytest.mark.usefixtures("without_uv")
def test_no_program_of_the_folder_is_started(existing: Path, template: TemplateRepository, tmp_path: Path) -> None:
    spy = tmp_path / "started"
    for hook in ("reference-transaction", "post-checkout", "pre-commit", "post-commit"):
        file = existing / ".git" / "hooks" / hook
        file.write_text(f"#!/bin/sh\ntouch {spy}\n")
        file.chmod(0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "diff.external", "core.alternateRefsCommand", "gpg.program"):
        git(existing, "config", key, f"touch {spy};")
    git(existing, "config", "commit.gpgSign", "true")
    git(existing, "config", "protocol.ext.allow", "always")
    spy.unlink(missing_ok=True)
    adopt(existing, template)
    there, _ = examined(existing)
    assert read_branch(existing, there.commit) is not None
    assert not spy.exists()
    git(existing, "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "branch", "-D", BRANCH)
    git(existing, "config", f"url.ext::touch {spy} .insteadOf", "/")
    with pytest.raises(CommandFailed, match="transport 'ext' not allowed"):
        adopt(existing, template)
    assert not spy.exists()


@pytest.mark.usefixtures("without_uv")
def test_a_link_is_neither_read_nor_written_through(
    existing: Path, template: TemplateRepository, tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("secret\n")
    (existing / ".gitignore").unlink()
    (existing / ".gitignore").symlink_to(tmp_path / "private")
    git(existing, "add", "--all")
    git(existing, "commit", "--quiet", "--message", "link")
    with pytest.raises(DestinationRefused, match=r"\.gitignore is a symbolic link"):
        adopt(existing, template)
    assert (tmp_path / "private").read_text() == "secret\n"
    assert git(existing, "branch", "--list", BRANCH) == ""


@pytest.mark.usefixtures("without_uv")
def test_an_interrupt_leaves_the_repository_as_it_was(
    existing: Path, template: TemplateRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    stop = [10_000]

    def interrupt(argv: Iterable[str]) -> None:
        commands.append(tuple(argv))
        if len(commands) > stop[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(process, "_log", interrupt)
    adopt(existing, template)
    total = len(commands)
    git(existing, "branch", "-D", BRANCH)
    state = git(existing, "for-each-ref"), git(existing, "status", "--porcelain", "--ignored")
    for number in range(4):
        stop[0] = round(number * (total - 1) / 3)
        commands.clear()
        with pytest.raises(KeyboardInterrupt):
            adopt(existing, template)
        assert (git(existing, "for-each-ref"), git(existing, "status", "--porcelain", "--ignored")) == state
    assert total > 20


@pytest.mark.slow
@pytest.mark.usefixtures("without_uv")
def test_names_and_files_survive_two_updates_by_stock_copier(existing: Path, template: TemplateRepository) -> None:
    adopt(existing, template)
    git(existing, "checkout", "--quiet", BRANCH)
    before = read_names(existing)
    for number in (1, 2):
        last = number - 1
        template.edit("template/README.md.jinja", f"## Committing{' now' * last}", f"## Committing{' now' * number}")
        template.edit(
            "template/pyproject.toml.jinja", "show_missing = true", f"show_missing = true\nprecision{number} = 1"
        )
        template.edit("template/docker/build.py.jinja", 'REGISTRY = "', f'RELEASE{number} = 1\nREGISTRY = "')
        template.release(f"{number + 1}.0.0")
        run_update(existing, defaults=True, overwrite=True, unsafe=True, quiet=True, skip_tasks=True)
        git(existing, "add", "--all")
        assert conflicts(existing) == []
        git(existing, "commit", "--quiet", "--no-verify", "--message", "update")
    assert read_names(existing) == before
    assert read_project(existing).commit == "3.0.0"
    assert "RELEASE2 = 1" in (existing / "docker" / "build.py").read_text()
    assert tomllib.loads((existing / "pyproject.toml").read_text())["tool"]["coverage"]["report"]["precision2"] == 1
    assert {path for path in KEPT if (existing / path).read_bytes() != FILES[path].encode()} == set()
    assert not (existing / "README.md").exists()
    assert not (existing / "src").exists()


def read_names(folder: Path) -> dict[str, Any]:
    names: dict[str, Any] = yaml.safe_load((folder / ".copier-answers.yml").read_text())["other_names"]
    assert (names["package"], names["import_name"], names["module_root"]) == ("speech-aligner", "aligner", "")
    return names


def test_what_blocks_is_listed_and_nothing_is_made(existing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (existing / "setup.py").write_text(
        "from setuptools import setup\nsetup(name=read('NAME'), version='1', python_requires='>=3.9')\n"
    )
    git(existing, "add", "--all")
    git(existing, "commit", "--quiet", "--message", "computed")
    assert main(["adopt", str(existing)]) == 3
    assert "setup.py:2: name is computed: read('NAME')." in capsys.readouterr().err
    assert git(existing, "branch", "--list", BRANCH) == ""

"""`rnd new`, `rnd setup` and copier's task with GitHub: whole runs, from the answers to the pull request."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from fake_github.faults import refusal
from rnd.cli import main
from rnd.github.errors import GitHubRefused
from rnd.names import derive_names
from rnd.organisation import load_organisation
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Request, Response

    from fake_github.state import Repository
    from tests.helpers.github import Hosting
    from tests.helpers.kept import Kept
    from tests.helpers.template import TemplateRepository

ORGANISATION = load_organisation()
NAME = derive_names("aligner", ORGANISATION).repository


@pytest.fixture
def github(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> Hosting:
    """A fake GitHub with the organisation that org.yml names, for commands of this process."""
    changed = ORGANISATION.model_copy(update={"github": hosting.policy})
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: changed)
    hosting.hub.calls.clear()
    return hosting


def new(template: TemplateRepository, folder: Path, *options: str, answer: str = "true") -> int:
    answers = ("--data", "project_name=aligner", "--data", f"create_github_repository={answer}")
    return main(["new", str(folder), "--defaults", "--template", template.address, *answers, *options])


def there(hosting: Hosting) -> Repository | None:
    return hosting.hub.state.repository(f"{hosting.owner}/{NAME}")


def test_a_repository_here_and_there(
    template: TemplateRepository, github: Hosting, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "aligner"
    assert new(template, folder) == 0
    page = f"{github.hub.url}/{github.owner}/{NAME}"
    said = capfd.readouterr().out
    assert f"  repository    {page}\n" in said
    assert f"  pull request  {page}/pull/1\n" in said
    for address in (page, f"{page}/pull/1"):
        with urlopen(address) as response:
            assert response.status == 200

    # Again, here and by the other command: nothing to do, and nobody is asked.
    github.hub.calls.clear()
    assert main(["setup", str(folder), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert {step["result"] for step in document["steps"]} == {"done"}
    assert new(template, folder, "--quiet") == 0
    assert github.hub.calls == []

    # The set-up branch passes the repository's own checks, lock file included.
    git(folder, "switch", "--quiet", "set-up")
    subprocess.run(["uv", "lock", "--check", "--offline", "--quiet"], cwd=folder, check=True)
    subprocess.run(["uv", "run", "--frozen", "--offline", "pre-commit", "run", "--all-files"], cwd=folder, check=True)


def test_the_answer_no_is_whole(
    template: TemplateRepository, github: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setitem(sys.modules, "githubkit", None)
    assert new(template, tmp_path / "aligner", answer="false") == 0
    assert github.hub.calls == []
    assert git(tmp_path / "aligner", "remote") == ""


def test_yes_without_a_token_leaves_the_local_repository_whole_and_says_how_to_go_on(
    template: TemplateRepository,
    github: Hosting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "aligner"
    monkeypatch.delenv("GH_TOKEN")
    assert new(template, folder) == 1
    said = capfd.readouterr().err
    assert "Run the repository's checks: done (passed on " in said
    assert "error[sign-in-needed]: There is no token for GitHub, and no terminal to sign in on." in said
    assert f"{folder} is complete and is kept. To continue, run: " in said
    assert git(folder, "status", "--porcelain") == ""
    assert main(["setup", str(folder), "--plan"]) == 0
    assert "• Create the repository on GitHub (There is no token for GitHub" in capfd.readouterr().out
    assert github.hub.calls == []

    monkeypatch.setenv("GH_TOKEN", github.token)
    assert main(["setup", str(folder), "--quiet"]) == 0
    assert len(there(github).pulls) == 1  # pyrefly: ignore[missing-attribute]


def without_rulesets(github: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in as an owner, whose token shows that the plan has no rulesets."""
    github.sign_in_as_owner(monkeypatch).plan = "free"


def test_what_the_preflight_finds_is_said_before_anything_is_made(
    template: TemplateRepository,
    github: Hosting,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_rulesets(github, monkeypatch)
    assert new(template, tmp_path / "made" / "aligner") == 1
    said = capfd.readouterr().err
    assert "error[github-plan" in said
    assert "answer no: `--data create_github_repository=false`" in said
    assert not (tmp_path / "made" / "aligner").exists()


def failing(request: Request, _: str) -> Response | None:
    """Refuse topics, in the middle of everything."""
    return refusal(403, "Not today") if request.path.endswith("/topics") and request.method == "PUT" else None


class TestKeep:
    """Copier's task never fails once the folder is whole: copier would take the folder away."""

    @pytest.fixture
    def made(self, kept: Kept, github: Hosting) -> Path:
        """A project whose local steps are done, and whose git repository is still to be made."""
        folder = kept.made
        shutil.rmtree(folder / ".git")
        answers = folder / ".copier-answers.yml"
        answers.write_text(
            answers.read_text().replace("create_github_repository: false", "create_github_repository: true")
        )
        del github
        return folder

    def test_all_is_well(self, made: Path, github: Hosting, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["setup", "--keep", str(made)]) == 0
        assert f"{github.owner}/{NAME}/pull/1" in capfd.readouterr().out

    def test_it_stops_half_way(self, made: Path, github: Hosting, capfd: pytest.CaptureFixture[str]) -> None:
        github.hub.faults.append(failing)
        assert main(["setup", "--keep", str(made)]) == 0
        said = capfd.readouterr().err
        assert "error[github-refused]: GitHub says no: PUT " in said
        assert f"{GitHubRefused.hint}\n" in said
        assert f"{made} is complete and is kept. To continue, run: " in said
        assert f"To undo instead, run: gh repo delete {github.owner}/{NAME} --yes" in said
        github.hub.faults.clear()
        assert main(["setup", str(made), "--quiet"]) == 0
        assert len(there(github).pulls) == 1  # pyrefly: ignore[missing-attribute]

    def test_it_is_interrupted(self, made: Path, github: Hosting, capfd: pytest.CaptureFixture[str]) -> None:
        def interrupt(request: Request, phase: str) -> None:
            if request.path.endswith("/topics") and request.method == "PUT" and phase == "before":
                os.kill(os.getpid(), 2)

        github.hub.faults.append(interrupt)
        assert main(["setup", "--keep", str(made)]) == 0
        said = capfd.readouterr().err
        assert "error[interrupted]: Interrupted." in said
        assert "To continue, run: " in said

    def test_nobody_has_a_token(
        self, made: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("GH_TOKEN")
        assert main(["setup", "--keep", str(made)]) == 0
        assert "error[sign-in-needed]" in capfd.readouterr().err

    def test_a_failure_before_is_one(self, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GH_TOKEN")
        (made / "tests" / "test_broken.py").write_text("def test_x() -> None:\n    raise ValueError\n")
        assert main(["setup", "--keep", "--quiet", str(made)]) == 1

    def test_a_preflight_is_one(self, made: Path, github: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
        without_rulesets(github, monkeypatch)
        assert main(["setup", "--keep", "--quiet", str(made)]) == 1
        assert not (made / ".git").exists()

    def test_an_older_repository_is_left_alone(self, made: Path, github: Hosting) -> None:
        git(made, "init", "--quiet", "--initial-branch=main")
        git(made, "add", "--all")
        git(made, "commit", "--quiet", "--message", "feat: mine")
        github.hub.calls.clear()
        assert main(["setup", "--keep", "--quiet", str(made)]) == 0
        assert github.hub.calls == []


@pytest.fixture
def remade(template: TemplateRepository, hosting: Hosting) -> TemplateRepository:
    """The template of the organisation that the fake GitHub has."""
    shipped = ORGANISATION.github.owner
    template.edit("org.yml", f"  owner: {shipped}\n", f"  owner: {hosting.owner}\n  client_id: Iv1.rehearsal\n")
    template.release("2.0.0")
    return template


def again(folder: Path) -> None:
    """Do what plain copier can do to a repository that is there: neither touches GitHub."""
    for verb in (["recopy", "--overwrite"], ["update"]):
        subprocess.run(["copier", *verb, "--trust", "--defaults", "--quiet"], cwd=folder, check=True)


GIVEN = ("--data", "project_name=aligner", "--defaults")


@pytest.mark.slow
def test_plain_copier_without_a_token(
    copier: str, remade: TemplateRepository, hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setenv("PATH", copier)
    hosting.hub.calls.clear()
    folder = tmp_path / "aligner"
    command = ["copier", "copy", "--trust", "--vcs-ref", "HEAD", *GIVEN, remade.address, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    assert git(folder, "log", "--format=%s") == "chore: create the repository from its template"
    found = re.search(r"is complete and is kept\. To continue, run: (uvx --from .* rnd setup \S+)", ended.stderr)
    assert found is not None, ended.stderr
    again(folder)
    assert hosting.hub.calls == []

    # The command that it names goes on, on a machine that has nothing of ours.
    monkeypatch.setenv("GH_TOKEN", hosting.token)
    ended = subprocess.run(found[1], shell=True, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len(there(hosting).pulls) == 1  # pyrefly: ignore[missing-attribute]
    hosting.hub.calls.clear()
    again(folder)
    assert hosting.hub.calls == []

"""Killed at every step, resumed by the same command: the same repository as an undisturbed run makes.

A wrapper ahead of uv, git and sh on PATH waits for one of their calls, and ends this program during or right after it.
With conda, what locks and installs is in the program itself: it is ended when the files are such that it must be at it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd.answers import read_project
from rnd.environments.environment import environment_of
from rnd_rehearsal import python_programs
from tests.helpers.git import git
from tests.helpers.machine import isolate
from tests.helpers.template import TemplateRepository, asking_nothing, copy_template

if TYPE_CHECKING:
    from collections.abc import Callable

WRAPPER = """\
#!/bin/sh
# Runs {program}; at the call that holds $KILL_AT, once, sends $KILL_SIGNAL to the program that called.
case "$*" in
*"$KILL_AT"*)
    if mkdir "$KILL_ONCE" 2>/dev/null; then
        case $KILL_MOMENT in
        during) {program} "$@" & sleep 0.03; kill -s $KILL_SIGNAL $PPID; kill -s KILL $! 2>/dev/null; exit 1 ;;
        after) {program} "$@"; code=$?; kill -s $KILL_SIGNAL $PPID; sleep 5; exit $code ;;
        esac
    fi ;;
esac
exec {program} "$@"
"""

# A part of each command line that changes something, in the order in which they are called.
CALLS = (
    "lock",
    "sync --all-extras --locked",
    "init --quiet --initial-branch",
    "add --all",
    "commit --quiet",
    "config --unset",
    "pre-commit install",
    "pre-commit run",
    "pytest",
    "update-ref",
)
# A killed call changes less than a finished one, so each call meets the signals in this order.
MOMENTS = (("during", "KILL"), ("during", "INT"), ("after", "KILL"))
KILLS = {
    "uv": [(call, *moment) for call in CALLS for moment in MOMENTS],
    # Those that are another program's with conda; git's are the same.
    "conda": [
        ("install --no-index", "during", "KILL"),
        ("pre-commit install", "during", "INT"),
        ("pre-commit run", "after", "KILL"),
        ("pytest", "during", "INT"),
    ],
}
# What a call has left if it was done before the signal came, so that the next run does not make it.
LEFT = {
    "sync --all-extras --locked": ".venv",
    "pre-commit install": ".git/hooks/pre-commit",
    "update-ref": ".git/refs/rnd/checks-passed",
}
# What is there when conda's packages are about to be solved, and while they are installed.
RENDERED, INSTALLING = "one/.rnd-new-*/draft/.copier-answers.yml", "one/aligner/.conda/conda-meta/*.json"


@pytest.fixture
def wrapped(tmp_path: Path) -> dict[str, str]:
    """Variables under which uv, git and sh can be watched."""
    folder = tmp_path / "wrappers"
    folder.mkdir()
    for name in ("uv", "git", "sh"):
        program = shutil.which(name)
        assert program is not None
        (folder / name).write_text(WRAPPER.format(program=program))
        (folder / name).chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "KILL_ONCE": str(tmp_path / "killed")}


def command(template: TemplateRepository, folder: Path) -> list[str]:
    """Return the arguments of Python that make a repository."""
    return ["-m", "rnd", "new", str(folder), *asking_nothing(template.address), "--json"]


def started(template: TemplateRepository, folder: Path) -> subprocess.Popen[str]:
    """Start the command; most tests run it forked, which saves the start of Python."""
    return subprocess.Popen([sys.executable, *command(template, folder)], stdout=subprocess.PIPE, text=True)


def content(folder: Path) -> dict[str, object]:
    """Return all that two equal repositories share, whenever they were made."""
    return {
        # The answers name the template's folder, which is another one in each test.
        "tree": [line for line in git(folder, "ls-tree", "-r", "HEAD").splitlines() if ".copier-answers" not in line],
        "commits": git(folder, "log", "--format=%an %ae %s"),
        "branch": git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "status": git(folder, "status", "--porcelain"),
        "configuration": git(folder, "config", "--local", "--list"),
        "checked": git(folder, "rev-parse", "refs/rnd/checks-passed") == git(folder, "rev-parse", "HEAD"),
        "hooks": sorted(path.name for path in (folder / ".git" / "hooks").iterdir() if os.access(path, os.X_OK)),
        "packages": sorted(path.name for path in folder.glob(".*/lib/python*/site-packages/*.dist-info")),
        "environment": environment_of(read_project(folder)).install_step().observe(),
        "files": sorted(path.name for path in folder.iterdir() if path.name not in {".pytest_cache", ".ruff_cache"}),
        "beside": sorted(path.name for path in folder.parent.iterdir()),
        "check": subprocess.run(["git", "fsck", "--strict"], cwd=folder, capture_output=True, check=False).returncode,
    }


def make(template: TemplateRepository, folder: Path) -> tuple[dict[str, object], dict[str, str]]:
    """Run the command to its end, and return the repository's content and what became of each step."""
    folder.parent.mkdir(exist_ok=True)
    ended = python_programs.completed(*command(template, folder))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return content(folder), {step["key"]: step["result"] for step in json.loads(ended.stdout)["steps"]}


@pytest.fixture(scope="module")
def undisturbed_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, object]]:
    """Returns the content of a repository that was made with a tool in one go; one more run finds everything done.

    What that run does depends on the content alone, so it is not repeated for each repository that has this content.
    """

    @cache
    def once(tool: str) -> dict[str, object]:
        with pytest.MonkeyPatch.context() as patch:
            tmp_path = tmp_path_factory.mktemp("undisturbed")
            isolate(tmp_path_factory.mktemp("home"), patch)
            template, folder = copy_template(tmp_path / "rnd-template", tool), tmp_path / "one" / "aligner"
            made, _ = make(template, folder)
            _, again = make(template, folder)
            assert set(again.values()) == {"done"}
            return made

    return once


@pytest.fixture
def undisturbed(undisturbed_with: Callable[[str], dict[str, object]], tool: str) -> dict[str, object]:
    """The content of a repository that was made in one go."""
    return undisturbed_with(tool)


def is_finished(template: TemplateRepository, folder: Path, undisturbed: dict[str, object]) -> None:
    """The same command finishes what is there."""
    finished, _ = make(template, folder)
    assert finished == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("tool", KILLS)
def test_killed_again_and_again_then_finished(
    template: TemplateRepository, tmp_path: Path, wrapped: dict[str, str], undisturbed: dict[str, object], tool: str
) -> None:
    """Each run goes on from what the killed ones before it left, and is killed further on."""
    folder, killed = tmp_path / "one" / "aligner", Path(wrapped["KILL_ONCE"])
    folder.parent.mkdir()
    for call, moment, sent in KILLS[tool]:
        variables = wrapped | {"KILL_AT": call, "KILL_MOMENT": moment, "KILL_SIGNAL": sent}
        run = partial(python_programs.completed, *command(template, folder), env=variables)
        left, ended = drafts(folder), run()
        if not killed.exists() and call in LEFT:
            assert ended.returncode == 0, ended.stdout + ended.stderr
            remove(folder / LEFT[call])
            ended = run()
        assert killed.exists(), f"{call}, {sent} {moment} it: the call was never made\n{ended.stdout}{ended.stderr}"
        was_ended(ended.returncode, ended.stdout, sent, drafts(folder) - left)
        killed.rmdir()
    is_finished(template, folder, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["conda"])
@pytest.mark.parametrize(("seen", "sent"), [(RENDERED, "KILL"), (INSTALLING, "INT")])
def test_killed_where_no_program_is_called_then_finished(
    template: TemplateRepository, tmp_path: Path, undisturbed: dict[str, object], seen: str, sent: str
) -> None:
    folder = tmp_path / "one" / "aligner"
    folder.parent.mkdir()
    with started(template, folder) as running:
        assert wait_for(tmp_path, seen, running), "it was never at it"
        running.send_signal(signal.Signals[f"SIG{sent}"])
        said, _ = running.communicate(timeout=300)
    was_ended(running.returncode, said, sent, drafts(folder))
    is_finished(template, folder, undisturbed)


def wait_for(place: Path, seen: str, running: subprocess.Popen[str]) -> bool:
    """Wait for a file while a program runs, and return whether it was seen."""
    deadline = time.monotonic() + 300
    while not list(place.glob(seen)) and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.001)
    return bool(list(place.glob(seen)))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def drafts(folder: Path) -> set[Path]:
    """Return the folders in which a repository is prepared before it is moved to its place."""
    return set(folder.parent.glob(".rnd-new-*"))


def was_ended(code: int, said: str, sent: str, left: set[Path]) -> None:
    """A program was ended by a signal, and has cleaned up where it could."""
    if sent == "KILL":
        assert code == -signal.SIGKILL
    else:
        assert code == 130
        assert json.loads(said)["error"]["code"] == "interrupted"
        assert left == set(), "an interrupted run cleans up"


@pytest.mark.slow
def test_what_was_done_before_the_kill_is_not_repeated(
    template: TemplateRepository, tmp_path: Path, wrapped: dict[str, str]
) -> None:
    folder = tmp_path / "one" / "aligner"
    folder.parent.mkdir()
    variables = wrapped | {"KILL_AT": "pre-commit run", "KILL_MOMENT": "during", "KILL_SIGNAL": "KILL"}
    python_programs.completed(*command(template, folder), env=variables)
    head = git(folder, "rev-parse", "HEAD")
    _, results = make(template, folder)
    assert [key for key, result in results.items() if result == "applied"] == ["checks"]
    assert git(folder, "rev-parse", "HEAD") == head


@pytest.mark.slow
def test_killed_while_the_template_is_rendered(
    template: TemplateRepository, tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    folder = tmp_path / "one" / "aligner"
    folder.parent.mkdir()
    with started(template, folder) as running:
        wait_for(tmp_path, "one/.rnd-new-*/draft/*", running)
        running.kill()
    assert not folder.exists()
    assert list(folder.parent.iterdir()), "it was killed too late"
    finished, _ = make(template, folder)
    assert finished == undisturbed

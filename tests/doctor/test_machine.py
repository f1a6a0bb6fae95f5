"""`rnd doctor`: what is there, what is missing, what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from rnd.organisation import load_organisation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where no repository has a git identity of its own, and where no service is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("AWS_ENDPOINT_URL", "GITHUB_API_URL", "GITHUB_SERVER_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def findings(capfd: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    """Return what the doctor finds, by name."""
    capfd.readouterr()
    main(["doctor", "--json"])
    return {finding["name"]: finding for finding in json.loads(capfd.readouterr().out)}


def test_a_machine_with_everything(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capfd.readouterr().out
    assert "✓   git " in said
    assert "Ada Lovelace <ada@example.com>" in said


def test_every_python_of_the_organisation_has_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    found = findings(capfd)
    for version in load_organisation().python.versions:
        assert found[f"Python {version}"]["found"] in {"here", "uv can fetch it", "not available"}


@pytest.mark.slow
def test_what_installs_conda_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert findings(capfd)["conda"]["state"] == "ok"  # py-rattler is there, at least
    client = tmp_path / "micromamba"
    client.write_text("#!/bin/sh\necho 2.1.0\n")
    client.chmod(0o755)
    monkeypatch.setenv("MAMBA_EXE", str(client))
    assert findings(capfd)["conda"]["found"] == str(client)
    monkeypatch.delenv("MAMBA_EXE")
    monkeypatch.setattr("rnd.environments.conda.rattler.is_installed", lambda: False)
    monkeypatch.setattr("rnd.environments.conda.clients.find_client", lambda: None)
    assert findings(capfd)["conda"]["state"] == "optional"


def test_no_identity(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (home / ".gitconfig").unlink()
    assert main(["doctor"]) == 3
    assert findings(capfd)["git identity"]["hint"].startswith("git config --global user.name")


def test_no_uv_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)
    assert main(["doctor"]) == 3
    found = findings(capfd)
    assert found["git"]["state"] == found["uv"]["state"] == "missing"
    assert "pipx install uv" in found["uv"]["hint"]


def test_a_git_that_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.17.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = findings(capfd)["git"]
    assert (found["state"], found["found"]) == ("missing", "2.17.1, too old")
    assert found["hint"] == "Upgrade it to 2.28 or later."

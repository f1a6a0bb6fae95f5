"""`rnd ci login`: the organisation's own packages, for the later steps of a job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from rnd.organisation import load_organisation
from rnd.plan import Action, Plan, Step, done, needed
from rnd.process import environment

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex

SLUG = load_organisation().slug
MANIFEST = """\
[[tool.uv.index]]
name = "NAME"
url = "https://aws@packages.example.com/pypi/lab/simple/"
"""
LOCKED = """\
[[package]]
name = "demo"
source = { editable = "." }

[[package]]
name = "iniconfig"
source = { registry = "https://index.example.org/simple" }

[[package]]
name = "tools"
source = { registry = "https://packages.example.com/pypi/lab/simple" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package of the organisation's own, and a job that may ask for a token."""
    (tmp_path / "pyproject.toml").write_text(MANIFEST.replace("NAME", SLUG))
    (tmp_path / "uv.lock").write_text(LOCKED)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.com/token")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    return tmp_path


def look(folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return what a look gives to later steps, and what it says."""
    assert main(["ci", "login", str(folder), "--look", "--github-output"]) == 0
    return (folder / "output").read_text(), capfd.readouterr().err


def test_a_package_of_the_organisations_own_is_found(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output, said = look(folder, capfd)
    assert output == "private=true\n"
    assert said.endswith("own package index: tools.\n")


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_a_repository_without_one_waits_for_nothing(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / name).unlink()
    assert look(folder, capfd) == ("private=false\n", "")


def test_an_index_of_somebody_else_is_not_ours(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text(MANIFEST.replace("NAME", "other"))
    assert look(folder, capfd) == ("private=false\n", "")


def test_a_job_without_identity_says_so_and_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    output, said = look(folder, capfd)
    assert output == "private=false\n"
    assert "tools. This job has no identity" in said
    assert "a pull request from a fork never has one" in said


def test_what_cannot_be_read_is_said(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "uv.lock").write_text("[[package")
    assert main(["ci", "login", str(folder), "--look"]) == 2
    assert "uv.lock is not valid TOML" in capfd.readouterr().err


def test_later_steps_are_signed_in_and_the_token_is_masked_first(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "variables"))
    assert main(["ci", "login"]) == 0
    said = capfd.readouterr()
    assert said.out == f"::add-mask::{index.token}\n"
    assert index.token not in said.err
    variable = f"UV_INDEX_{SLUG.upper().replace('-', '_')}"
    lines = (tmp_path / "variables").read_text().splitlines()
    assert lines == [f"{variable}_USERNAME=aws", f"{variable}_PASSWORD={index.token}"]


def test_outside_a_workflow_nothing_is_asked_for(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_ENV", raising=False)
    assert main(["ci", "login"]) == 2
    assert "this is not a step of a workflow" in capfd.readouterr().err
    assert index.codeartifact.calls == []


def test_a_sign_in_for_the_installation_reaches_nothing_else(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is installed is built by code of others, which sees the token for the index, and no way to another one."""
    seen: dict[str, str] = {}
    state = iter([needed("not there"), done("there")])
    step = Step("install", "Install", lambda: next(state), (Action("uv sync", lambda: seen.update(environment())),))
    monkeypatch.setattr("rnd.ci.install.plan_environment", lambda _: Plan("install", (step,)))
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "variables"))
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret")
    before = dict(os.environ)
    assert main(["ci", "install", str(tmp_path), "--login", "--quiet"]) == 0
    password = f"UV_INDEX_{SLUG.upper().replace('-', '_')}_PASSWORD"
    assert seen[password] == index.token
    assert not [name for name in seen if name.startswith(("ACTIONS_", "AWS_"))]
    assert dict(os.environ) == before
    assert password not in before
    assert not (tmp_path / "variables").exists()
    assert capfd.readouterr().out == f"::add-mask::{index.token}\n"

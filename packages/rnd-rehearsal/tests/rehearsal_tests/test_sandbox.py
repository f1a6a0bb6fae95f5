"""The sandbox of a rehearsal: what people and jobs find in it."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
import yaml

from rnd import process
from rnd_rehearsal import sandbox, stock_copier
from rnd_rehearsal.services import RESEARCHER
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Sandbox]:
    """A sandbox."""
    with sandbox.start(tmp_path_factory.mktemp("sandbox"), ROOT) as found:
        yield found


def test_people_can_sign_in_by_the_organisations_app(up: sandbox.Sandbox) -> None:
    found = up.caller().ask("GET", f"/repos/{up.template}/contents/org.yml")
    hosted = yaml.safe_load(b64decode(found["content"]))
    assert hosted["github"].pop("client_id") in up.hub.client_ids
    apps = hosted["github"].pop("apps")
    assert apps.pop("release_id") == up.hub.apps[apps["release"]].id
    assert set(apps.values()) <= set(up.hub.apps)
    checkout = yaml.safe_load((ROOT / "org.yml").read_text(encoding="utf-8"))
    for key in ("apps", "client_id"):
        checkout["github"].pop(key, None)
    assert hosted == checkout


def test_the_template_is_hosted_where_workflows_look_for_it(up: sandbox.Sandbox) -> None:
    name = up.organisation.template.repository.removesuffix(".git").rpartition("/")[2]
    assert up.template == f"{up.owner}/{name}"
    ref = up.organisation.template.workflow_ref
    found = up.caller().ask("GET", f"/repos/{up.owner}/{name}/git/ref/heads/{ref}")
    assert found["object"]["type"] == "commit"
    action = up.caller().ask("GET", f"/repos/{up.owner}/{name}/contents/actions/set-up/action.yml?ref={ref}")
    assert action["size"] > 0


def test_its_environment_leads_nowhere_else(up: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(up.environment) & {"GH_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "SSH_AUTH_SOCK"} == set()
    monkeypatch.setenv("GH_TOKEN", "of this machine")
    own = sandbox.own_environment(up, RESEARCHER)
    assert own["GH_TOKEN"] == up.tokens[RESEARCHER]
    assert own["GITHUB_API_URL"] == up.hub.api_url
    assert own["HOME"] == str(up.folder / "home")


def test_its_git_reads_no_configuration_of_the_user(
    up: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, other = up.folder / "home" / ".gitconfig", tmp_path / "gitconfig"
    own.write_text("[test]\n\tname = sandbox\n", encoding="utf-8")
    other.write_text("[test]\n\tname = user\n[alias]\n\tfound = !false\n", encoding="utf-8")
    (tmp_path / "git").mkdir()
    (tmp_path / "git" / "config").write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(other))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(other))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "test.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "user")
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    variables = process.environment(sandbox.own_environment(up, RESEARCHER))
    assert "GIT_SSH_COMMAND" not in variables
    listed = subprocess.check_output(["git", "config", "--list"], cwd=tmp_path, env=variables, text=True)
    assert listed == "test.name=sandbox\n"


def test_a_machine_with_stock_copier_reaches_the_template_in_the_sandbox(
    up: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    variables = process.environment(stock_copier.machine(up, RESEARCHER))
    address = up.organisation.template.repository
    heads = subprocess.run(["git", "ls-remote", address, "main"], env=variables, capture_output=True, check=False)
    assert heads.stdout.endswith(b"refs/heads/main\n"), heads.stderr


def test_it_listens_on_the_loopback_interface_alone(up: sandbox.Sandbox) -> None:
    assert up.hub.host.startswith("127.0.0.1:")
    assert up.index.url.startswith("http://127.0.0.1:")

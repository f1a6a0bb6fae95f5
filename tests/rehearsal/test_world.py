"""The world of a rehearsal: what it takes of the checkout, and what people and jobs find in it."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
import yaml

from rnd.cli import main
from rnd.rehearsal import world
from tests.conftest import ROOT, TemplateRepository, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.World]:
    """A world."""
    with world.start(tmp_path_factory.mktemp("world"), ROOT) as found:
        yield found


def test_the_checkout_is_taken_as_it_is(template: TemplateRepository) -> None:
    template.edit("Makefile", "help:", "helping:")
    (template.folder / "new.txt").write_text("new", encoding="utf-8")
    before = git(template.folder, "status", "--porcelain")
    commit = world.snapshot(template.folder)
    assert git(template.folder, "show", f"{commit}:new.txt") == "new"
    assert "helping:" in git(template.folder, "show", f"{commit}:Makefile")
    assert git(template.folder, "status", "--porcelain") == before
    assert git(template.folder, "branch", "--all", "--contains", commit) == ""


def test_a_file_may_hold_something_else_there(template: TemplateRepository) -> None:
    commit = world.snapshot(template.folder, {"org.yml": "name: Other\n"})
    assert git(template.folder, "show", f"{commit}:org.yml") == "name: Other"
    assert git(template.folder, "diff", "--name-only", "HEAD", commit) == "org.yml"
    assert git(template.folder, "status", "--porcelain") == ""


def test_people_can_sign_in_by_the_organisations_app(up: world.World) -> None:
    found = up.caller().ask("GET", f"/repos/{up.template}/contents/org.yml")
    hosted = yaml.safe_load(b64decode(found["content"]))
    assert hosted["github"].pop("client_id") in up.forge.client_ids
    checkout = yaml.safe_load((ROOT / "org.yml").read_text(encoding="utf-8"))
    checkout["github"].pop("client_id", None)
    assert hosted == checkout


def test_this_checkout_is_what_is_rehearsed() -> None:
    assert world.default_checkout() == ROOT


@pytest.mark.parametrize("in_a_repository", [False, True])
def test_there_must_be_a_checkout(
    in_a_repository: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An environment may stand anywhere; also in a repository, which then is not the template's."""
    if in_a_repository:
        git(tmp_path, "init", "--quiet")
    installed = tmp_path / "site-packages" / "rnd" / "rehearsal" / "world.py"
    installed.parent.mkdir(parents=True)
    monkeypatch.setattr(world, "__file__", str(installed))
    assert main(["rehearse", "--no-images"]) == 2
    said = capfd.readouterr().err
    assert "this program is not run from one" in said
    assert "make rehearse" in said


def test_the_template_is_hosted_where_workflows_look_for_it(up: world.World) -> None:
    name = up.organisation.template.repository.removesuffix(".git").rpartition("/")[2]
    assert up.template == f"{up.owner}/{name}"
    ref = up.organisation.template.workflow_ref
    found = up.caller().ask("GET", f"/repos/{up.owner}/{name}/git/ref/heads/{ref}")
    assert found["object"]["type"] == "commit"
    action = up.caller().ask("GET", f"/repos/{up.owner}/{name}/contents/actions/set-up/action.yml?ref={ref}")
    assert action["size"] > 0


def test_its_environment_leads_nowhere_else(up: world.World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(up.environment) & {"GH_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "SSH_AUTH_SOCK"} == set()
    monkeypatch.setenv("GH_TOKEN", "of this machine")
    own = world.own_environment(up, world.RESEARCHER)
    assert own["GH_TOKEN"] == up.tokens[world.RESEARCHER]
    assert own["GITHUB_API_URL"] == up.forge.api_url
    assert own["HOME"] == str(up.folder / "home")


def test_it_listens_on_the_loopback_interface_alone(up: world.World) -> None:
    assert up.forge.host.startswith("127.0.0.1:")
    assert up.index.url.startswith("http://127.0.0.1:")

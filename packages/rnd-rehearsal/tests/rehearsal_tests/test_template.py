"""What a rehearsal takes of the checkout: its work tree as it is, but for what the sandbox puts into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from rnd.organisation import load_organisation
from rnd_rehearsal import template as rehearsal_template
from rnd_rehearsal.template import default_checkout, prepare, snapshot
from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository


def test_the_checkout_is_taken_as_it_is(template: TemplateRepository) -> None:
    template.edit("Makefile", "help:", "helping:")
    (template.folder / "new.txt").write_text("new", encoding="utf-8")
    before = git(template.folder, "status", "--porcelain")
    commit = snapshot(template.folder)
    assert git(template.folder, "show", f"{commit}:new.txt") == "new"
    assert "helping:" in git(template.folder, "show", f"{commit}:Makefile")
    assert git(template.folder, "status", "--porcelain") == before
    assert git(template.folder, "branch", "--all", "--contains", commit) == ""


def test_a_file_may_hold_something_else_there(template: TemplateRepository) -> None:
    commit = snapshot(template.folder, {"org.yml": "name: Other\n"})
    assert git(template.folder, "show", f"{commit}:org.yml") == "name: Other"
    assert git(template.folder, "diff", "--name-only", "HEAD", commit) == "org.yml"
    assert git(template.folder, "status", "--porcelain") == ""


def test_this_checkout_is_what_is_rehearsed() -> None:
    assert default_checkout() == ROOT


@pytest.mark.parametrize("in_a_repository", [False, True])
def test_there_must_be_a_checkout(
    in_a_repository: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An environment may stand anywhere; also in a repository, which then is not the template's."""
    if in_a_repository:
        git(tmp_path, "init", "--quiet")
    installed = tmp_path / "site-packages" / "rnd" / "rehearsal" / "template.py"
    installed.parent.mkdir(parents=True)
    monkeypatch.setattr(rehearsal_template, "__file__", str(installed))
    assert main(["rehearse", "--no-images"]) == 2
    said = capfd.readouterr().err
    assert "this program is not run from one" in said
    assert "make rehearse" in said


def test_a_clone_has_other_values_and_differs_in_nothing_else(template: TemplateRepository, tmp_path: Path) -> None:
    (template.folder / "new.txt").write_text("new", encoding="utf-8")
    values: dict[tuple[str, ...], object] = {
        ("github", "client_id"): "Iv1.other",
        ("conda", "channels"): ["http://localhost:1/lab"],
        ("docker",): {"base_image": "python:{version}-other"},
        ("aws", "nothing"): None,
    }
    folder = prepare(template.folder, tmp_path / "clone", values)
    before, there = load_organisation(template.folder / "org.yml"), load_organisation(folder / "org.yml")
    assert (there.github.client_id, there.conda.channels) == ("Iv1.other", ["http://localhost:1/lab"])
    assert there.docker.base_image == "python:{version}-other"
    same = {"github": before.github, "conda": before.conda, "docker": before.docker}
    assert there.model_copy(update=same) == before
    assert git(folder, "diff", "--name-only", snapshot(template.folder), "HEAD") == "org.yml"
    assert git(folder, "status", "--porcelain") == ""

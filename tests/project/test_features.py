"""`rnd add`: a feature comes, survives updates by stock copier, and goes."""

from __future__ import annotations

import filecmp
import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from copier import run_update

from rnd.cli import main
from rnd.errors import UncommittedChanges, UpdateConflict, UsageError
from rnd.plan import Plan
from rnd.progress import Quiet
from rnd.project.features import FEATURES, change, plan_feature, read_features
from rnd.project.update import conflicts
from tests.helpers.git import git
from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("git_of_its_own")


def test_a_feature_is_there_once() -> None:
    assert change((), "gpu", remove=False) == ("gpu",)
    assert change(("gpu",), "gpu", remove=False) == ("gpu",)
    assert change(("gpu",), "notebooks", remove=False) == ("gpu", "notebooks")
    assert change(("gpu", "notebooks"), "gpu", remove=True) == ("notebooks",)
    with pytest.raises(UsageError, match="There is no feature gpus"):
        change((), "gpus", remove=False)


@pytest.fixture
def made(template: TemplateRepository, tmp_path: Path) -> Path:
    """A new repository, committed, with nothing installed."""
    folder = render(template, tmp_path / "made", project_name="aligner", author="Ada")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "chore: all")


def apply(folder: Path, name: str, *, remove: bool = False) -> str:
    """Run the step that changes the files, and return its result; what is locked and installed is tested elsewhere."""
    source = read_source(folder)
    plan = plan_feature(folder, name, source, source, remove=remove)
    (outcome,) = Plan("the files", plan.steps[:1]).apply(Quiet())
    return outcome.result


def read_source(folder: Path) -> str:
    """Return the template that a repository records."""
    lines = (folder / ".copier-answers.yml").read_text().splitlines()
    return next(line.partition(": ")[2] for line in lines if line.startswith("_src_path"))


@pytest.mark.slow
def test_it_survives_two_updates_by_stock_copier_and_goes(
    template: TemplateRepository, made: Path, tmp_path: Path
) -> None:
    manifest = made / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("dependencies = []", 'dependencies = ["iniconfig"]', 1))
    commit(made)
    for name in FEATURES:
        assert apply(made, name) == "applied"
        assert apply(made, name) == "done"
        # Another feature adds lines near those that the first one is there to be filled in.
        manifest.write_text(manifest.read_text().replace("cu130 = []", 'cu130 = ["iniconfig"]'))
        commit(made)
    assert read_features(made) == tuple(FEATURES)
    for version in ("1.1.0", "1.2.0"):
        template.edit("template/.editorconfig", "root = true\n", f"root = true\n# {version}\n")
        template.release(version)
        run_update(made, overwrite=True, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
        assert read_features(made) == tuple(FEATURES)
        assert f"# {version}\n" in (made / ".editorconfig").read_text()
        commit(made)
    read = tomllib.loads(manifest.read_text())
    assert read["project"]["dependencies"] == ["iniconfig"]
    assert read["tool"]["rnd"]["extras"]["gpu"] == ["cu130"]
    assert "runs-on: [self-hosted, research-gpu]" in (made / ".github/workflows/python_lint_and_test.yml").read_text()
    assert (made / "notebooks" / "example.ipynb").is_file()
    assert read["project"]["optional-dependencies"]["cu130"] == ["iniconfig"]
    assert (made / "docs" / "conf.py").is_file()
    assert (made / "src" / "aligner" / "service.py").is_file()
    assert conflicts(made) == []

    manifest.write_text(manifest.read_text().replace('cu130 = ["iniconfig"]', "cu130 = []"))
    commit(made)
    for name in FEATURES:
        assert apply(made, name, remove=True) == "applied"
        commit(made)
    manifest.write_text(manifest.read_text().replace('dependencies = ["iniconfig"]', "dependencies = []", 1))
    fresh = render(template, tmp_path / "fresh", project_name="aligner", author="Ada")
    files = [str(file.relative_to(fresh)) for file in fresh.rglob("*") if file.is_file()]
    assert filecmp.cmpfiles(fresh, made, files, shallow=False)[1:] == ([], [])
    assert set(git(made, "ls-files").split()) == set(files)


def test_what_is_in_the_way_is_reported_and_nothing_is_changed(made: Path) -> None:
    with (made / "pyproject.toml").open("a") as manifest:
        manifest.write("\n[project.optional-dependencies]\nplots = []\n")
    with pytest.raises(UncommittedChanges):
        apply(made, "gpu")
    commit(made)
    with pytest.raises(UpdateConflict, match="already has a table"):
        apply(made, "gpu")
    assert git(made, "status", "--porcelain") == ""


def test_the_list(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = made / ".copier-answers.yml"
    answers.write_text(answers.read_text() + "features: [notebooks]\n")
    monkeypatch.chdir(made)
    assert main(["add", "--list", "--json"]) == 0
    added = {name: one["added"] for name, one in json.loads(capsys.readouterr().out)["features"].items()}
    assert added == {"docs": False, "gpu": False, "notebooks": True, "service": False}
    monkeypatch.chdir(made.parent)
    assert main(["add", "--list"]) == 0
    assert "✓" not in capsys.readouterr().out
    assert main(["add"]) == 2

"""Which extras are installed where, and that nothing but the person changes the build of a framework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.answers import Project
from rnd.environments.errors import ExtrasInvalid
from rnd.environments.extras import Extras, excluded, image_options, read_extras, sync_options
from rnd.environments.uv import UvEnvironment
from rnd.plan import Plan
from rnd.progress import Quiet
from rnd.publish.sbom import write_dependencies
from tests.helpers.frameworks import VERSION, make_project

if TYPE_CHECKING:
    from pathlib import Path

ON_A_LAPTOP: dict[str, str] = {}
PROJECT = """\
[project]
name = "Demo.Project"
version = "0.1.0"
requires-python = ">=3.8"
[project.optional-dependencies]
plots = []
cpu = []
cu130 = []
CU_128 = []
docs = []
"""
CONFLICTS = 'conflicts = [[{ extra = "cpu" }, { extra = "cu130" }, { extra = "cu-128" }]]'
CHOSEN = '[tool.rnd.extras]\ndefault = ["cpu"]\nci = ["cu-128"]\ngpu = ["cu130"]\nimage = ["cu130", "plots"]\n'


def project(folder: Path, *parts: str) -> Path:
    """Write a manifest, and return its folder."""
    (folder / "pyproject.toml").write_text("\n".join((PROJECT, *parts)))
    return folder


def left_out(options: tuple[str, ...]) -> list[str]:
    """Return the extras that the options of uv leave out."""
    assert options[0] == "--all-extras"
    assert set(options[1::2]) <= {"--no-extra"}
    return list(options[2::2])


def test_all_extras_without_a_conflict(tmp_path: Path) -> None:
    assert sync_options(project(tmp_path), {"RND_PLACE": "gpu"}) == ("--all-extras",)


@pytest.mark.parametrize("text", [None, "", "[project", "project = 1", "[project]\noptional-dependencies = 1"])
def test_a_manifest_that_uv_reports(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    assert sync_options(tmp_path, ON_A_LAPTOP) == ("--all-extras",)
    assert image_options(tmp_path) == ()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (ON_A_LAPTOP, ["cu130", "cu-128"]),
        ({"CI": "true"}, ["cpu", "cu130"]),
        ({"CI": "true", "RND_PLACE": "gpu"}, ["cpu", "cu-128"]),
        ({"CI": "true", "RND_PLACE": "default"}, ["cu130", "cu-128"]),
    ],
)
def test_each_place_has_its_own(tmp_path: Path, environ: dict[str, str], expected: list[str]) -> None:
    assert left_out(sync_options(project(tmp_path, "[tool.uv]", CONFLICTS, CHOSEN), environ)) == expected
    assert image_options(tmp_path) == ("--extra", "cu130", "--extra", "plots")


def test_without_a_choice_the_first_of_a_conflict(tmp_path: Path) -> None:
    folder = project(tmp_path, "[tool.uv]", CONFLICTS)
    assert left_out(sync_options(folder, {"CI": "true"})) == ["cu130", "cu-128"]


def test_an_extra_that_excludes_two_that_can_be_together() -> None:
    extras = Extras(("a", "b", "c"), (frozenset("ab"), frozenset("bc")), {"default": ("b",)})
    assert excluded(extras, "default") == ("a", "c")
    assert excluded(extras, "elsewhere") == ("b",)


def test_groups_and_other_members_of_a_workspace(tmp_path: Path) -> None:
    conflicts = (
        'conflicts = [[{ extra = "docs" }, { group = "dev" }], [{ extra = "plots" }, { group = "other" }],'
        '[{ package = "elsewhere", extra = "cpu" }, { extra = "cu130" }],'
        '[{ package = "demo-project", extra = "cpu" }, { extra = "CU-128" }]]'
    )
    folder = project(tmp_path, "[tool.uv]", conflicts)
    assert left_out(sync_options(folder, ON_A_LAPTOP)) == ["cu-128", "docs"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('default = "cpu"', "expected a list"),
        ("default = [1]", "expected a list"),
        ('default = ["cpuu"]', "no extra cpuu in"),
        ('gpu = ["cpu", "cu130"]', "cpu, cu130 exclude each other"),
        ('"GPU job" = ["cpu"]', "a place is"),
    ],
)
def test_a_choice_that_cannot_be_made(tmp_path: Path, table: str, message: str) -> None:
    folder = project(tmp_path, "[tool.uv]", CONFLICTS, "[tool.rnd.extras]", table)
    with pytest.raises(ExtrasInvalid, match=message):
        read_extras(folder)


def test_a_place_that_the_repository_does_not_have(tmp_path: Path) -> None:
    folder = project(tmp_path, "[tool.uv]", CONFLICTS, '[tool.rnd.extras]\ndefault = ["cpu"]\n')
    with pytest.raises(ExtrasInvalid, match="RND_PLACE is 'gup'"):
        sync_options(folder, {"RND_PLACE": "gup"})
    project(tmp_path, "[tool.rnd]\nextras = 1\n")
    with pytest.raises(ExtrasInvalid, match="is not a table"):
        sync_options(folder, ON_A_LAPTOP)


def build(environment: UvEnvironment) -> str:
    """Return the build of the framework that is installed."""
    return environment.attempt("python", "-c", "import frame; print(frame.BUILD)").stdout.strip()


@pytest.mark.slow
def test_one_lock_for_each_place_and_no_command_changes_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path)
    environment = UvEnvironment(Project(folder, "demo", "Ada", "uv", "3.11", "somewhere", "1.0.0"))
    for name in ("CI", "RND_PLACE"):
        monkeypatch.delenv(name, raising=False)

    def results() -> list[str]:
        plan = Plan("an environment", (environment.lock_step(), environment.install_step()))
        return [outcome.result for outcome in plan.apply(Quiet())]

    assert results() == ["applied", "applied"]
    assert build(environment) == "cpu"
    monkeypatch.setenv("CI", "true")
    assert results() == ["done", "done"]
    monkeypatch.setenv("RND_PLACE", "gpu")
    assert results() == ["done", "applied"]
    assert build(environment) == "cu130"
    lock = (folder / "uv.lock").read_bytes()
    process.run("uv", "run", "--frozen", "python", "-c", "", cwd=folder)
    assert build(environment) == "", (
        "a plain `uv run` installs the build of no extra, which is why nothing here uses it"
    )
    assert results() == ["done", "applied"]
    assert (folder / "uv.lock").read_bytes() == lock

    write_dependencies(folder, tmp_path / "image.json")
    components = json.loads((tmp_path / "image.json").read_text())["components"]
    assert {one["version"] for one in components if one["name"] == "frame"} == {f"{VERSION}+cu130"}

"""A repository with a conda environment joins: its lines stay, and what the pipeline needs to lock it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.branch import make_branch, read_branch
from rnd.adopt.conda import parse
from rnd.adopt.conda_text import merge_environment
from rnd.adopt.errors import CompiledPackage, CondaEnvironment, CredentialsCommitted
from rnd.adopt.place import BRANCH
from rnd.adopt.reading import analyse
from rnd.adopt.repository import look
from rnd.adopt.tree import tree_of
from rnd.environments.conda.lockfile import fits, read_lock
from rnd.environments.conda.specification import read_specification
from rnd.errors import UsageError
from rnd.project.template import Template
from tests.helpers.git import git
from tests.helpers.machine import PYTHON, channel

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.adopt.analysis import Analysis
    from tests.helpers.template import TemplateRepository

MANIFEST = """\
[project]
name = "aligner"
version = "0.3.1"
requires-python = ">=3.9"
[build-system]
requires = ["uv_build>=0.9"]
build-backend = "uv_build"
"""
PACKAGE = {"pyproject.toml": MANIFEST, "src/aligner/__init__.py": "", "README.md": ""}
THEIRS = """\
name: aligner # the cluster uses this name
channels:
  - conda-forge
  - defaults
dependencies:
  - python=3.10
  - numpy=1.26 # [linux]
  - ruff=0.1
  - pip
  - pip:
    - wandb==0.16
    - -e .[dev]
"""
OURS = """\
# Comments of the template.
name: acme-aligner
channels:
  - acme
platforms: [linux-64, osx-arm64] # conda-lock.yml contains these platforms
dependencies:
  - python 3.10.*

  # development tools
  - pip
  - pytest >=8
  - ruff >=0.17,<0.18
  - uv-build >=0.9,<0.14 # the build backend
  - pip:
      - -e . # this package, editable
"""
MERGED = """\
name: aligner # the cluster uses this name
channels:
  - conda-forge
platforms: [linux-64, osx-arm64] # conda-lock.yml contains these platforms
dependencies:
  - python=3.10
  - numpy=1.26 # [linux]
  - ruff >=0.17,<0.18
  - pip
  # From rnd-template: development tools and the build backend
  - pytest >=8
  - uv-build >=0.9
  - pip:
    - wandb==0.16
    - -e .
"""


def analysed(environment: str, path: str = "environment.yml", **files: str) -> Analysis:
    return analyse(tree_of({**PACKAGE, path: environment, **files}), None, "main")


def test_what_the_environment_says_has_its_lines() -> None:
    found = analysed(THEIRS)
    facts = found.facts()
    assert (facts["dependency-tool"].value, facts["dependency-tool"].source) == ("conda", "environment.yml")
    assert (facts["conda-channels"].value, facts["conda-channels"].source) == (
        ["conda-forge", "defaults"],
        "environment.yml:3",
    )
    assert facts["conda-packages"].value == ["python=3.10", "numpy=1.26", "ruff=0.1", "pip"]
    assert [(point.code, point.source, point.blocks) for point in found.points] == [
        ("conda-defaults", "environment.yml:4", False),
        ("conda-pip", "environment.yml:11", False),
        ("conda-pip", "environment.yml:12", False),
    ]


def test_their_lines_stay_and_what_the_pipeline_needs_is_added() -> None:
    text, points = merge_environment(THEIRS, OURS, ["uv_build>=0.9", "cmake"])
    assert text == MERGED
    assert [(point.code, point.source) for point in points] == [
        ("conda-tool", "environment.yml"),
        ("conda-backend", "cmake"),
    ]
    assert merge_environment(THEIRS.replace("\n", "\r\n"), OURS, ["uv_build>=0.9"])[0] == text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("theirs", "channels", "added"),
    [
        ("dependencies: [python=3.9, pip]\n", ["acme"], ["pytest >=8", "ruff >=0.17,<0.18"]),
        ("channels: [defaults]\ndependencies: [ruff, pytest, pip]\n", ["acme"], ["python 3.10.*"]),
        ("channels:\n- a\n- defaults\nplatforms: [linux-64]\ndependencies:\n- ruff\n- pytest\n- pip\n", ["a"], None),
        ("channels: &a [b]\ndependencies: []\n", ["b"], ["python 3.10.*", "pip"]),
    ],
)
def test_each_form_of_the_file_can_be_extended(theirs: str, channels: list[str], added: list[str] | None) -> None:
    document = yaml.safe_load(merge_environment(theirs, OURS, [])[0])
    assert document["channels"] == channels
    assert document["platforms"] == (["linux-64"] if "platforms" in theirs else ["linux-64", "osx-arm64"])
    assert {*(added or ["python 3.10.*"]), "ruff >=0.17,<0.18"} <= set(document["dependencies"])


@pytest.mark.parametrize(
    ("spec", "specifier"),
    [
        ("python=3.9", "==3.9.*"),
        ("python==3.9.7", "==3.9.*"),
        ("python 3.10.*", "==3.10.*"),
        ("conda-forge::python=3.11.4=h1", "==3.11.*"),
        ("python>=3.9,<3.12", ">=3.9,<3.12"),
        ("python", None),
    ],
)
def test_the_python_of_the_environment(spec: str, specifier: str | None) -> None:
    found = parse(f"dependencies:\n  - {spec}\n").python()
    assert (found and found.value) == specifier


def test_the_repository_is_rendered_for_conda_and_its_python() -> None:
    found = analysed(THEIRS)
    answers = derive_answers(found, tree_of({**PACKAGE, "environment.yml": THEIRS}), {}, ["3.9", "3.10"], "aligner")
    assert (answers["dependency_tool"], answers["python_version"]) == ("conda", "3.10")


def test_uv_can_be_chosen_in_place_of_the_environment() -> None:
    found = analysed(THEIRS)
    settle(found, {"dependency_tool": "uv"})
    assert found.facts()["dependency-tool"].value == "uv"
    assert [point.code for point in found.points] == ["environment-stays"]
    with pytest.raises(UsageError, match=r"no environment\.yml"):
        settle(found, {"dependency_tool": "conda"})
    with pytest.raises(UsageError, match="poetry is not a dependency tool"):
        settle(found, {"dependency_tool": "poetry"})


@pytest.mark.parametrize(
    ("files", "refusal", "reason"),
    [
        ({"environment.yml": "name: a\n"}, CondaEnvironment, "no list `dependencies`"),
        ({"environment.yml": "a: ["}, CondaEnvironment, "cannot be read"),
        ({"environment.yaml": "- a\n"}, CondaEnvironment, r"environment\.yaml cannot be read"),
        ({"conda-lock.yml": "version: 1\n"}, CondaEnvironment, r"not the environment\.yml"),
        ({"environment.yml": THEIRS, "src/aligner/fast.pyx": ""}, CompiledPackage, r"fast\.pyx"),
        ({"environment.yml": "channels: [https://a.example/t/hunter2/b]"}, CredentialsCommitted, r"environment\.yml:1"),
    ],
)  # fmt: skip
def test_what_cannot_join_is_refused(files: dict[str, str], refusal: type[Exception], reason: str) -> None:
    with pytest.raises(refusal, match=reason) as raised:
        analyse(tree_of({**PACKAGE, **files}), None, "main")
    assert "hunter2" not in str(raised.value)


def test_another_file_name_and_requirement_files_are_open_points() -> None:
    found = analysed("channels: [a]\ndependencies: [python]\n", "environment.yaml", **{"requirements.txt": "numpy==1"})
    assert [(point.code, point.source) for point in found.points] == [
        ("conda-file-name", "environment.yaml"),
        ("requirements-stay", "requirements.txt"),
    ]
    assert "environment.yml alone is locked" in found.points[1].message


@pytest.mark.slow
@pytest.mark.usefixtures("git_of_its_own")
@pytest.mark.parametrize("tool", ["conda"])
def test_the_branch_has_the_environment_locked(tool: str, template: TemplateRepository, tmp_path: Path) -> None:
    folder = tmp_path / "aligner"
    theirs = f"channels:\n  - {channel().as_uri()}\ndependencies:\n  - python={PYTHON}\n  - iniconfig\n"
    for name, text in {**PACKAGE, "environment.yaml": theirs}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    there = look(folder, "git@github.com:acme/rnd-template.git")
    found = analyse(there.tree, there.tag, there.branch)
    answers = derive_answers(found, there.tree, {}, [PYTHON], folder.name)
    assert answers["dependency_tool"] == tool
    make_branch(there, found, answers, Template(template.address, template.address, "1.0.0"))
    branch = read_branch(folder, there.commit)
    assert branch is not None
    assert (branch.locked, branch.proposals) == (True, [])
    git(folder, "checkout", "--quiet", BRANCH)
    assert not (folder / "environment.yaml").exists()
    assert set(theirs.splitlines()) <= set((folder / "environment.yml").read_text().splitlines())
    lock = read_lock(folder)
    assert fits(lock, folder)
    assert {"python", "iniconfig", "ruff", "uv-build"} <= {package.name for package in lock.packages}
    assert set(read_specification(folder).requests) == set(lock.platforms)
    assert "[tool.uv]" not in (folder / "pyproject.toml").read_text()
    assert "dependency-groups" not in (folder / "pyproject.toml").read_text()

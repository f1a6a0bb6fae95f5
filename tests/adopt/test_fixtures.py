"""One existing repository for each way to declare a Python package: each joins, or is refused with the right error."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from rnd.adopt.answers import answer_facts, derive_answers, python_points, settle
from rnd.adopt.errors import CompiledPackage, NoPackage
from rnd.adopt.manifest import merge
from rnd.adopt.pins import combine
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd_rehearsal.template import copy_what_renders
from tests.helpers import existing, existing_refused
from tests.helpers.machine import ROOT
from tests.helpers.template import render_once

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.facts import Fact

PYTHONS = ["3.8", "3.9", "3.10", "3.11"]
TOOLS = {"conventional-pre-commit", "pre-commit", "pre-commit-hooks", "pytest-cov", "ruff", "ty"}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pyproject.toml that the template renders."""
    folder = tmp_path_factory.mktemp("rendered")
    return render_once(copy_what_renders(ROOT, folder / "template"), folder / "out", "pyproject.toml")


class Joined:
    """The result of an adoption, without a branch: the analysis, the answers and the merged pyproject.toml."""

    def __init__(self, files: dict[str, str], rendered: str, branch: str = "main") -> None:
        self.tree = tree_of(files)
        self.found = analyse(self.tree, "v0.3.1", branch)
        settle(self.found, {})
        assert [point.message for point in self.found.points if point.blocks] == []
        self.answers = derive_answers(self.found, self.tree, {}, PYTHONS, "old-aligner")
        text, points = merge(self.found, files.get("pyproject.toml", ""), rendered, self.answers["python_version"])
        self.manifest: dict[str, Any] = tomllib.loads(text)
        self.points = {(point.code, point.source) for point in [*self.found.points, *points]}

    @property
    def project(self) -> dict[str, Any]:
        return dict(self.manifest["project"])

    def group(self, name: str) -> set[str]:
        """Return the requirements of a dependency group that are not tools of the template."""
        lines = [line for line in self.manifest["dependency-groups"][name] if isinstance(line, str)]
        return {line for line in lines if re.split("[<>=]", line)[0] not in TOOLS}


def test_setup_py_with_literals(rendered: str) -> None:
    joined = Joined(existing.SETUP_PY, rendered)
    assert joined.project["dependencies"] == ["numpy>=1.24", "tomli; python_version < '3.11'"]
    assert joined.project["optional-dependencies"] == {"gpu": ["jax"]}
    assert joined.project["scripts"] == {"align": "aligner:main"}
    assert joined.manifest["tool"]["setuptools"]["package-data"] == {"aligner": ["*.json"]}
    assert joined.group("test") == {"pytest"}
    assert joined.points == {("keyword-dropped", "setup.py:11"), ("keyword-dropped", "setup.py:12")}
    messages = [point.message for point in joined.found.points]
    assert messages == [
        "`setup_requires` (['pytest-runner']) is not taken over: add to [build-system] what a build still needs.",
        "`test_suite` ('tests') is not taken over: pytest finds the tests.",
    ]


def test_setup_py_that_computes_is_open_until_a_build_is_permitted() -> None:
    found = analyse(tree_of(existing_refused.DYNAMIC_SETUP_PY), None, "main")
    assert {(point.code, point.source) for point in found.points if point.blocks} == {
        ("computed-version", "setup.py:5"),
        ("computed-install_requires", "setup.py:6"),
        ("python-unknown", ""),
    }


def test_setup_cfg(rendered: str) -> None:
    joined = Joined(existing.SETUP_CFG, rendered)
    assert joined.project["optional-dependencies"] == {"GPU": ["jax"]}
    setuptools = joined.manifest["tool"]["setuptools"]
    assert (setuptools["package-dir"], setuptools["license-files"]) == ({"": "src"}, ["README.md"])
    assert joined.group("test") == {"pytest"}
    assert joined.found.declared.replaces == ("setup.py", "setup.cfg")


def test_requirement_files_with_includes_an_index_and_addresses(rendered: str) -> None:
    joined = Joined(existing.REQUIREMENTS, rendered)
    assert joined.group("dev") == {"scipy==1.11.4", "tool @ git+https://github.com/acme/tool@v1", "pytest>=7"}
    assert joined.manifest["tool"]["uv"]["constraint-dependencies"] == ["numpy==1.26.4", "scipy==1.11.4"]
    assert joined.points == {
        ("index", "requirements.txt:2"),
        ("requirement-not-taken", "requirements/base.txt:3"),
        ("requirements-stay", "requirements.txt"),
        ("requirements-stay", "requirements/base.txt"),
        ("requirements-stay", "requirements-dev.txt"),
        ("tool-replaced", "requirements-dev.txt"),
    }


def test_pip_tools_compiled_files_are_versions_to_keep_and_not_requirements(rendered: str) -> None:
    joined = Joined(existing.PIP_TOOLS, rendered)
    assert joined.group("dev") == {"pytest"}
    assert "constraint-dependencies" not in joined.manifest["tool"]["uv"]
    assert combine(joined.found.pins)[0] == {"iniconfig": "2.0.0", "numpy": "1.26.4", "pytest": "7.4.0"}


def test_poetry_1(rendered: str) -> None:
    joined = Joined(existing.POETRY_1, rendered)
    assert joined.project["dependencies"] == ["numpy>=1.24,<2.0"]
    assert joined.project["optional-dependencies"] == {"gpu": ["jax>=0.4,<0.5"]}
    assert joined.manifest["build-system"]["requires"] == ["poetry-core>=2,<3"]
    assert (joined.group("dev"), joined.group("docs")) == ({"pytest>=7,<8"}, {"mkdocs"})
    assert combine(joined.found.pins) == ({"numpy": "1.26.4", "pytest": "7.4.0"}, [])
    assert joined.found.pins[0].left_out == ("tool",)  # from git
    assert joined.points == {
        ("index", "pyproject.toml [[tool.poetry.source]]"),
        ("optional-group", "pyproject.toml [tool.poetry.group.docs]"),
        ("tool-replaced", "pyproject.toml [tool.poetry.group.dev]"),
    }


def test_poetry_2(rendered: str) -> None:
    joined = Joined(existing.POETRY_2, rendered)
    assert (joined.project["version"], joined.project["dependencies"]) == ("0.3.1", ["numpy>=1.24,<2"])
    assert "dynamic" not in joined.project
    assert joined.group("test") == {"pytest>=7,<8"}
    poetry = joined.manifest["tool"]["poetry"]
    assert set(poetry) == {"version", "requires-poetry", "packages", "dependencies"}
    assert joined.points == {
        ("poetry-numpy", "pyproject.toml [tool.poetry]"),
        ("poetry-setting", "pyproject.toml [tool.poetry]"),
        ("version-repeated", "pyproject.toml [tool.poetry]"),
    }


def test_pipenv(rendered: str) -> None:
    joined = Joined(existing.PIPENV, rendered)
    assert joined.project["dependencies"] == ["numpy"]
    assert joined.group("dev") == {"pytest[testing]==7.4.0 ; python_version >= '3.9'"}
    assert joined.group("pipfile") == {"wandb>=0.16", "tool @ git+https://github.com/acme/tool@v1"}
    assert combine(joined.found.pins) == ({"numpy": "1.26.4", "pytest": "7.4.0"}, [])
    assert joined.answers["python_version"] == "3.10"
    assert joined.points == {
        ("index", "Pipfile [[source]]"),
        ("pipfile-entry", "Pipfile [packages]"),
        ("pipfile-packages", "Pipfile [packages]"),
        ("pipfile-scripts", "Pipfile [scripts]"),
        ("pipfile-stays", "Pipfile"),
    }


def test_hatch(rendered: str) -> None:
    joined = Joined(existing.HATCH, rendered)
    assert joined.project["version"] == "0.3.1"
    assert joined.manifest["build-system"]["build-backend"] == "hatchling.build"
    assert joined.points == {
        ("tool-replaced", "pyproject.toml [tool.hatch.envs]"),
        ("version-repeated", "src/aligner/__init__.py:1"),
    }


def test_flit(rendered: str) -> None:
    joined = Joined(existing.FLIT, rendered)
    assert (joined.project["version"], joined.project["dynamic"]) == ("0.3.1", ["description"])
    assert joined.answers["other_names"]["module_root"] == ""


def test_flat_layout_names_the_package_that_setuptools_discovered(rendered: str) -> None:
    joined = Joined(existing.FLAT_LAYOUT, rendered)
    assert joined.manifest["tool"]["setuptools"] == {
        "include-package-data": False,
        "packages": {"find": {"include": ["aligner", "aligner.*"]}},
    }
    module = {"aligner.py": "", "pyproject.toml": existing.FLAT_LAYOUT["pyproject.toml"]}
    assert Joined(module, rendered).manifest["tool"]["setuptools"] == {
        "include-package-data": False,
        "py-modules": ["aligner"],
    }
    assert joined.points == set()


FIND = "[tool.setuptools.packages.find]"


@pytest.mark.parametrize(
    ("table", "find"),
    [
        (
            f"{FIND}\nexclude = [\n  'docs', # ours\n]\n",
            {"exclude": ["docs", *["docker", "docker.*", "scripts", "scripts.*"]]},
        ),
        (f"{FIND}\nwhere = ['.']\n", {"where": ["."], "exclude": ["docker", "docker.*", "scripts", "scripts.*"]}),
        (f"{FIND}\nnamespaces = false\n", {"namespaces": False}),
        (f"{FIND}\ninclude = ['aligner*']\n", {"include": ["aligner*"]}),
    ],
)
def test_folders_of_the_template_are_not_packages(table: str, find: dict[str, Any], rendered: str) -> None:
    system = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    files = {**existing.FLAT, "notebooks/a.ipynb": "", "tests/test_a.py": ""}
    joined = Joined({**files, "pyproject.toml": existing.MANIFEST + system + table}, rendered)
    assert joined.manifest["tool"]["setuptools"]["packages"]["find"] == find


def test_a_namespace_package_is_found(rendered: str) -> None:
    files = {"src/aligner/core.py": "", "pyproject.toml": existing.MANIFEST}
    assert Joined(files, rendered).answers["other_names"]["import_name"] == "aligner"


def test_conda(rendered: str) -> None:
    joined = Joined(existing.CONDA, rendered)
    assert (joined.answers["dependency_tool"], joined.answers["python_version"]) == ("conda", "3.10")
    assert "dependency-groups" not in joined.manifest
    assert joined.points == set()


def test_master_with_tags_and_old_ci(rendered: str) -> None:
    joined = Joined(existing.OLD_CI, rendered, branch="master")
    assert joined.found.facts()["last-release"].value == "v0.3.1"
    assert [one.path for one in joined.found.workflows if one.stands_aside] == [".github/workflows/test.yml"]
    assert joined.points == {
        ("default-branch", "git"),
        ("other-ci", ".travis.yml"),
        ("other-ci", "tox.ini"),
        ("workflow-stays", ".github/workflows/stale.yml"),
    }


def test_notebooks_only_and_compiled_conda_are_refused() -> None:
    with pytest.raises(NoPackage, match=r"No pyproject\.toml, setup\.py or setup\.cfg at the root declares a package"):
        analyse(tree_of(existing_refused.NOTEBOOKS), None, "main")
    with pytest.raises(CompiledPackage, match=r"ext_modules in setup\.py:3"):
        analyse(tree_of(existing_refused.COMPILED_CONDA), None, "main")


@pytest.mark.parametrize("name", existing.JOINING)
def test_each_fact_and_each_answer_has_a_source_that_exists(name: str) -> None:
    files = existing.JOINING[name]
    found = analyse(tree_of(files), "v0.3.1", "main")
    answers = answer_facts(found, {}, PYTHONS, "old-aligner")
    assert {"project_name", "author", "dependency_tool", "python_version", "package", "import_name"} < set(answers)
    for key, fact in [*found.facts().items(), *found.declared.fields.items(), *answers.items()]:
        assert is_shown_by(fact, files), f"{key} = {fact.value!r} ({fact.source})"
    points = [*found.points, *python_points(found, PYTHONS)]
    assert [point.code for point in points if not is_place(point.source, files)] == []


def is_shown_by(fact: Fact, files: dict[str, str]) -> bool:
    """Return whether a source is a place, one per part, followed by a reason; `default` is a place of its own."""
    places = fact.source.partition(", ")[0].split(" and ")
    return all(place == "default" or is_place(place, files) for place in places)


def is_place(text: str, files: dict[str, str]) -> bool:
    """Return whether a text names git, a file, a line of a file, or a table of a TOML file."""
    if text in {"git", "git tags", "tag v0.3.1", "--data"}:
        return True
    path, _, rest = text.partition(" [")
    file, _, line = path.partition(":")
    if file not in files or (line and not 1 <= int(line) <= len(files[file].splitlines())):
        return False
    table = rest.strip("[]").split(".")[0]
    return not table or f"[{table}" in files[file]


@pytest.mark.parametrize("source", ["", "somewhere", "setup.py:99", "pyproject.toml [project]", "guessed"])
def test_a_source_that_does_not_exist_is_found(source: str) -> None:
    assert not is_place(source, existing.SETUP_PY)


def test_versions_of_python_that_nothing_tests_are_open_points() -> None:
    manifest = existing.MANIFEST.replace(">=3.9", ">=3.6")
    found: Analysis = analyse(
        tree_of({**existing.SRC, "pyproject.toml": manifest, ".python-version": "3.7\n"}), None, "main"
    )
    assert [(point.code, point.source) for point in python_points(found, PYTHONS)] == [
        ("python-untested", "pyproject.toml [project]"),
        ("python-untested", ".python-version"),
    ]
    assert answer_facts(found, {}, PYTHONS, "a")["python_version"].value == "3.8"

"""The analysis of an existing repository: facts with their source, open points, refusals. Pure: trees are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.errors import CompiledPackage, CredentialsCommitted, NoPackage, SeveralPackages
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd.errors import UsageError

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis

SETUP = """\
from setuptools import find_packages, setup

REQUIRES = ["numpy>=1.24"]
setup(
    name="aligner",
    version="0.3.1",
    python_requires=">=3.9",
    install_requires=REQUIRES + ["scipy; python_version > '3.9'"],
    extras_require={"gpu": ["jax"], ":os_name == 'nt'": ["colorama"], "dev:python_version < '3.11'": ["tomli"]},
    entry_points={"console_scripts": ["align = aligner.cli:main"], "aligner.models": "small = aligner.small:Model"},
    packages=find_packages("src"),
    package_dir={"": "src"},
    package_data={"aligner": ["*.json"]},
)
"""
PACKAGE = {"src/aligner/__init__.py": "", "README.md": "# Aligner\n"}


def analysed(files: dict[str, str], tag: str | None = None) -> Analysis:
    return analyse(tree_of(files), tag, "main")


def blocking(found: Analysis) -> set[str]:
    return {point.code for point in found.points if point.blocks}


def test_a_setup_py_with_literals_is_read_with_the_lines() -> None:
    found = analysed({"setup.py": SETUP, **PACKAGE})
    fields = found.declared.fields
    assert (fields["name"].value, fields["name"].source) == ("aligner", "setup.py:5")
    assert fields["dependencies"].value == [
        "numpy>=1.24",
        "scipy; python_version > '3.9'",
        "colorama ; os_name == 'nt'",
    ]
    assert fields["optional-dependencies"].value == {"gpu": ["jax"], "dev": ["tomli ; python_version < '3.11'"]}
    assert fields["scripts"].value == {"align": "aligner.cli:main"}
    assert fields["entry-points"].value == {"aligner.models": {"small": "aligner.small:Model"}}
    assert found.declared.build["setuptools.packages.find"] == {"namespaces": False, "where": ["src"]}
    assert found.declared.build["setuptools.package-data"] == {"aligner": ["*.json"]}
    assert found.layout is not None
    assert (found.layout.modules, found.layout.where) == (("aligner",), "src")
    assert found.points == []


@pytest.mark.parametrize(
    "statement",
    [
        "REQUIRES.append('torch')",
        "REQUIRES[0] = 'numpy'",
        "REQUIRES += ['torch']",
        "if True:\n    REQUIRES = []",
        "for REQUIRES in ([],): pass",
        "def f():\n    global REQUIRES",
        "from settings import *",
        "del REQUIRES",
    ],
)
def test_a_name_that_anything_else_changes_is_no_literal(statement: str) -> None:
    found = analysed({"setup.py": SETUP.replace("setup(\n", f"{statement}\nsetup(\n", 1), **PACKAGE})
    assert blocking(found) == {"computed-install_requires"}
    assert "dependencies" not in found.facts() or "numpy>=1.24" not in found.facts()["dependencies"].value


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('version="0.3.1"', "version=open('VERSION').read()", "computed-version"),
        ('name="aligner"', "name=NAME", "computed-name"),
        ('name="aligner"', "**METADATA", "computed-**"),
        ('packages=find_packages("src")', "packages=find_packages(where=HERE)", "computed-packages"),
        ('package_data={"aligner": ["*.json"]}', "data_files=[('etc', ['a.cfg'])]", "computed-data_files"),
        ('package_data={"aligner": ["*.json"]}', "cmdclass={'build_py': Build}", "computed-cmdclass"),
    ],
)
def test_what_code_computes_blocks_and_is_never_a_fact(old: str, new: str, code: str) -> None:
    assert old in SETUP
    found = analysed({"setup.py": SETUP.replace(old, new), **PACKAGE})
    assert code in blocking(found)
    assert "version" not in found.facts() or new.startswith("version") is False


def test_a_setup_cfg_keeps_the_case_of_extras_and_scripts() -> None:
    config = (
        "[metadata]\nname = Aligner\nversion = attr: aligner.__version__\nlong_description = file: README.md\n"
        "[options]\npackages = find:\npackage_dir =\n    = src\npython_requires = >=3.9\n"
        "install_requires =\n    numpy\n[options.packages.find]\nwhere = src\n[options.extras_require]\nGPU = torch\n"
        "[options.entry_points]\nconsole_scripts =\n    Align = aligner.cli:main\n[flake8]\nmax-line-length = 100\n"
    )
    files = {"setup.py": "from setuptools import setup\nsetup()\n", "setup.cfg": config, **PACKAGE}
    found = analysed({**files, "src/aligner/__init__.py": '__version__ = "0.3.1"\n'})
    assert found.facts()["version"].source == "src/aligner/__init__.py:1"
    assert found.declared.value("optional-dependencies") == {"GPU": ["torch"]}
    assert found.declared.value("scripts") == {"Align": "aligner.cli:main"}
    assert [point.code for point in found.points] == ["version-repeated"]


def test_poetry_becomes_requirements_of_pep_508() -> None:
    manifest = """\
[tool.poetry]
name = "aligner"
version = "0.3.1"
description = ""
authors = ["Ada <ada@example.com>"]
packages = [{ include = "aligner", from = "src" }]
[tool.poetry.dependencies]
python = "^3.9"
numpy = "^1.24"
tiny = "^0.0.3"
scipy = { version = "~1.11", optional = true }
colorama = { version = "*", markers = "sys_platform == 'win32'" }
[tool.poetry.extras]
fast = ["scipy"]
[tool.poetry.group.test.dependencies]
pytest = ">=8"
[tool.poetry.scripts]
align = "aligner.cli:main"
[build-system]
requires = ["poetry-core>=1"]
build-backend = "poetry.core.masonry.api"
"""
    found = analysed({"pyproject.toml": manifest, **PACKAGE})
    assert found.declared.value("requires-python") == ">=3.9,<4.0"
    assert found.declared.value("dependencies") == [
        "numpy>=1.24,<2.0",
        "tiny>=0.0.3,<0.0.4",
        "colorama ; sys_platform == 'win32'",
    ]
    assert found.declared.value("optional-dependencies") == {"fast": ["scipy>=1.11,<1.12"]}
    assert found.declared.groups["test"].value == ["pytest>=8"]
    assert found.points == []
    inexpressible = analysed({"pyproject.toml": manifest.replace('"^1.24"', '"^1 || ^2"'), **PACKAGE})
    assert blocking(inexpressible) == {"poetry-numpy"}


PROJECT = '[project]\nname = "aligner"\nrequires-python = ">=3.9"\n'
ABOUT = "src/aligner/about.py"
ATTRIBUTE, FLIT = (
    '{attr = "aligner.about.__version__"}',
    'requires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"',
)


@pytest.mark.parametrize(
    ("manifest", "source"),
    [
        ('version = "0.3.1"', "pyproject.toml [project]"),
        (f'dynamic = ["version"]\n[tool.hatch.version]\npath = "{ABOUT}"', f"{ABOUT}:1"),
        (f'dynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = {ATTRIBUTE}', f"{ABOUT}:1"),
        ('dynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = {file = "VERSION"}', "VERSION"),
        (f'dynamic = ["version"]\n[tool.pdm.version]\nsource = "file"\npath = "{ABOUT}"', f"{ABOUT}:1"),
        (f'dynamic = ["version"]\n[build-system]\n{FLIT}', "src/aligner/__init__.py:1"),
        ('dynamic = ["version"]\n[tool.hatch.version]\nsource = "vcs"', "tag v0.3.1"),
        ('dynamic = ["version"]\n[build-system]\nrequires = ["setuptools-scm>=8"]', "tag v0.3.1"),
    ],
)
def test_a_version_has_the_file_that_the_build_reads(manifest: str, source: str) -> None:
    files = {"src/aligner/about.py": '__version__ = "0.3.1"\n', "src/aligner/__init__.py": '__version__ = "0.3.1"\n'}
    found = analysed({"pyproject.toml": PROJECT + manifest, "VERSION": "0.3.1\n", **files}, tag="v0.3.1")
    assert (found.facts()["version"].value, found.facts()["version"].source) == ("0.3.1", source)
    assert not found.blocked


def test_a_version_that_only_a_build_knows_blocks() -> None:
    found = analysed({"pyproject.toml": PROJECT + 'dynamic = ["version"]\n', **PACKAGE})
    assert blocking(found) == {"version-unknown"}
    assert "version" not in found.facts()


COMPILED = SETUP.replace("package_data=", "ext_modules=[Extension('a', ['a.c'])], package_data=")
WITH_SECRET = "https://ada:hunter2@index.example/simple"
COMPLETE = {"pyproject.toml": PROJECT + 'version = "1.0"\n', **PACKAGE}


@pytest.mark.parametrize(
    ("files", "refusal", "reason"),
    [
        ({"notes.md": ""}, NoPackage, "no Python code"),
        ({"analysis.ipynb": "{}"}, NoPackage, "declares a package"),
        ({"train.py": "", "requirements.txt": "numpy\n"}, NoPackage, "declares a package"),
        ({"code/setup.py": "setup()"}, NoPackage, "The package is in code"),
        ({**COMPLETE, "plugins/a/setup.py": "setup()"}, SeveralPackages, "the root, plugins/a"),
        ({"a/pyproject.toml": PROJECT, "b/pyproject.toml": PROJECT, "a/a.py": ""}, SeveralPackages, "a, b"),
        ({**COMPLETE, "src/aligner/fast.pyx": ""}, CompiledPackage, "src/aligner/fast.pyx"),
        ({"setup.py": COMPILED, **PACKAGE}, CompiledPackage, "ext_modules in setup.py:13"),
        ({**COMPLETE, "requirements.txt": f"numpy\n-i {WITH_SECRET}\n"}, CredentialsCommitted, "ts.txt:2"),
        ({**COMPLETE, "pip.conf": "index-url = https://hunter2@index.example\n"}, CredentialsCommitted, "pip.conf:1"),
    ],
)  # fmt: skip
def test_what_cannot_join_is_refused_with_the_reason(
    files: dict[str, str], refusal: type[Exception], reason: str
) -> None:
    with pytest.raises(refusal, match=reason) as raised:
        analysed(files)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "git+ssh://git@github.com/acme/tool.git",
        "https://${USER}:${TOKEN}@index.example/simple",
        "https://aws@acme.d.codeartifact.eu-west-1.amazonaws.com/simple",
        "https://index.example/simple",
    ],
)
def test_an_address_without_a_secret_is_accepted(address: str) -> None:
    assert not analysed({**COMPLETE, "requirements.txt": f"--index-url {address}\n"}).blocked


def test_packages_of_tests_and_examples_do_not_count() -> None:
    assert not analysed({**COMPLETE, "tests/data/setup.py": "setup()", "examples/a/pyproject.toml": PROJECT}).blocked


def test_requirement_files_with_includes_indexes_and_addresses() -> None:
    files = {
        "requirements.txt": "-r base.txt\n--extra-index-url https://index.example\n-e .\nscipy==1.11.4  # pinned\n",
        "base.txt": "-r requirements.txt\nnumpy==1.26.4 \\\n    --hash=sha256:00\ngit+https://github.com/acme/tool\n",
        "requirements-dev.txt": "pytest\n",
    }
    found = analysed({**COMPLETE, **files})
    main, development = sorted(found.requirements, key=lambda file: file.role is not None)
    assert main.pins == ["numpy==1.26.4", "scipy==1.11.4"]
    assert [(one.value, one.source) for one in main.other] == [("git+https://github.com/acme/tool", "base.txt:4")]
    assert (development.role, development.requirements) == ("dev", ["pytest"])
    assert {point.code for point in found.points} == {"requirement-not-taken", "index", "requirements-stay"}


def test_workflows_with_the_same_purpose_stand_aside() -> None:
    files = {
        ".github/workflows/ci.yml": "on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - run: pytest\n",
        ".github/workflows/release.yml": "on:\n  release:\njobs:\n  a:\n    steps:\n      - run: twine upload dist/*\n",
        ".github/workflows/stale.yml": "on: {schedule: []}\njobs: {}\n",
        ".github/workflows/manual.yml": "on: workflow_dispatch\njobs:\n  a:\n    steps:\n      - run: pytest\n",
    }
    found = analysed({**COMPLETE, **files})
    assert [(one.path[18:], sorted(one.purposes)) for one in found.workflows if one.stands_aside] == [
        ("ci.yml", ["check"]),
        ("release.yml", ["publish"]),
    ]


def test_what_no_file_says_is_answered() -> None:
    files = {
        "setup.py": SETUP.replace('    python_requires=">=3.9",\n', ""),
        "src/aligner/__init__.py": "",
        "src/other/__init__.py": "",
    }
    renamed = {**files, "setup.py": files["setup.py"].replace('name="aligner"', 'name="speech"')}
    found = analysed(renamed)
    assert blocking(found) == {"python-unknown", "several-import-names"}
    settle(found, {"python_version": "3.10", "import_name": "other"})
    assert not found.blocked
    answers = derive_answers(found, tree_of(renamed), {"python_version": "3.10"}, ["3.9", "3.10", "3.11"], "speech-lab")
    assert (answers["project_name"], answers["python_version"]) == ("other", "3.10")
    names = {
        "package": "speech",
        "repository": "speech-lab",
        "import_name": "other",
        "module_root": "src",
        "keep": [],
        "build_files": ["src", "README.md"],
    }
    assert answers["other_names"] == names
    with pytest.raises(UsageError, match="Unknown answer: colour"):
        settle(found, {"colour": "red"})


def test_the_oldest_supported_python_of_the_organisation_is_chosen() -> None:
    found = analysed(COMPLETE)
    answers = derive_answers(found, tree_of(COMPLETE), {}, ["3.8", "3.9", "3.10"], "aligner")
    assert answers["python_version"] == "3.9"
    poetry = (
        COMPLETE["pyproject.toml"].replace(">=3.9", ">=3.8")
        + '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n'
    )
    files = {**COMPLETE, "pyproject.toml": poetry}
    answers = derive_answers(analysed(files), tree_of(files), {}, ["3.8", "3.9", "3.10"], "aligner")
    assert answers["python_version"] == "3.9"  # poetry-core 2 does not run on 3.8

"""What happens to each file: strategies, merged manifests, the lint baseline. Pure."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml

from rnd.adopt.baseline import ruff_findings, untidy, with_excludes, with_ignores, without_types
from rnd.adopt.commits import message, other_sections
from rnd.adopt.manifest import merge
from rnd.adopt.reading import analyse
from rnd.adopt.strategies import build_files, choose, configured, import_test, markers, stand_aside, union
from rnd.adopt.toml_text import split, value_text
from rnd.adopt.tree import tree_of
from rnd.errors import ManifestInvalid

OURS = """\
[project]
name = "aligner"
version = "0.1.0"

[project.urls]
Repository = "https://github.com/acme/aligner"

[dependency-groups]
dev = [
  "pytest>=8",
  "ruff>=0.17,<0.18",
]

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv]
keyring-provider = "subprocess"

# The index of the organisation.
[[tool.uv.index]]
name = "acme"

[tool.coverage.run]
branch = true

[tool.ruff]
show-fixes = true

[tool.ruff.lint.per-file-ignores]
"*.ipynb" = ["CPY001"]
"""
PACKAGE = {"src/aligner/__init__.py": "", "README.md": ""}


def merged(files: dict[str, str], skipped: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    found = analyse(tree_of({**files, **PACKAGE}), "v0.3.1", "main")
    text, points = merge(found, files.get("pyproject.toml", ""), OURS, "3.9", skipped)
    return text, [point.message for point in points]


@pytest.mark.parametrize(
    ("path", "theirs", "strategy"),
    [
        ("AGENTS.md", None, "add"),
        ("AGENTS.md", "ours\r\n", "same"),
        ("README.md", "theirs", "keep"),
        ("docker/Dockerfile", "theirs", "keep"),
        (".gitignore", "theirs", "union"),
        ("pyproject.toml", "theirs", "tables"),
        (".pre-commit-config.yaml", "theirs", "tables"),
        (".github/workflows/on_pr.yml", "theirs", "propose"),
    ],
)
def test_each_file_has_a_strategy(path: str, theirs: str | None, strategy: str) -> None:
    assert choose(path, theirs, "ours\n") == strategy


def test_a_union_keeps_every_byte_of_theirs_and_adds_what_is_missing() -> None:
    theirs = "# mine\ndata/\n*.egg-info/"
    ours = "# Environments\n.venv/\n\n*.egg-info/\n"
    assert union(theirs, ours, ".gitignore") == f"{theirs}\n\n# From rnd-template\n.venv/\n"
    assert union(theirs, "data/\n", ".gitignore") == theirs
    assert union("a\r\n", ours, ".dockerignore") == "a\r\n\r\n# From rnd-template\r\n.venv/\r\n*.egg-info/\r\n"


@pytest.mark.parametrize(("path", "theirs"), [(".gitignore", "!a\n"), (".gitattributes", "*.bat eol=crlf\n")])
def test_where_later_lines_win_those_of_the_template_go_first(path: str, theirs: str) -> None:
    assert union(theirs, "b\n", path) == f"# From rnd-template\nb\n\n{theirs}"


def test_sections_of_an_editorconfig_win_over_those_of_the_template() -> None:
    ours = "root = true\n\n[*]\nindent_size = 4\n\n[Makefile]\nindent_style = tab\n"
    theirs = "# mine\nroot = true\n\n[*.py]\nindent_size = 2"
    after = union(theirs, ours, ".editorconfig")
    assert after.startswith("# mine\nroot = true\n\n# From rnd-template: what the sections below do not set\n[*]\n")
    assert after.endswith("[Makefile]\nindent_style = tab\n\n[*.py]\nindent_size = 2")
    assert union(after, ours, ".editorconfig") == after
    assert union("root = true", ours, ".editorconfig").startswith("root = true\n# From rnd-template")


JOBS = "\n# about the jobs\njobs:\n  a:\n    steps: []\n"


@pytest.mark.parametrize(
    ("triggers", "comments"),
    [
        ("on: push\n", ""),
        ("on: [push, pull_request] # both\n", ""),
        ("on:\n  - push\n  # second\n  - pull_request\n", "  # second\n"),
        ("on:\n- push\n- pull_request\n", ""),
        ("'on':\n  push:\n    branches: [main]\n  # comment\n  pull_request:\n", "  # comment\n"),
        ('"on" : {push: {branches: [main]},\n  pull_request: }\n', ""),
        ("on: {push: null,\n}\n", ""),
        ("on:\n  pull_request:\n    branches:\n      - 'release/**'\n      - >-\n        main\n", ""),
        ("on:\n  push:\n    paths: # all\n      - a\n", ""),
    ],
)
def test_only_the_triggers_of_a_workflow_change(triggers: str, comments: str) -> None:
    manual = "on: workflow_dispatch # the pipeline of rnd-template does this now\n"
    for head in ("name: CI\n", "# a comment\n---\nname: CI # on: here\n"):
        assert stand_aside(f"{head}{triggers}{JOBS}") == f"{head}{manual}{comments}{JOBS}"
    crlf = f"{triggers}{JOBS}".replace("\n", "\r\n")
    assert stand_aside(crlf) == f"{manual}{comments}{JOBS}".replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text", ["true: [push]\njobs: {}\n", "on: push\non: release\n", "on: &a push\nb: *a\n", "- a\n"]
)
def test_what_is_not_a_workflow_with_triggers_is_left_alone(text: str) -> None:
    assert stand_aside(text) is None


def test_a_workflow_that_others_call_keeps_its_triggers() -> None:
    assert stand_aside("on:\n  workflow_call:\n  push:\njobs: {}\n") is None
    assert stand_aside("jobs: {}\n") is None


def test_the_tests_keep_the_configuration_that_they_have() -> None:
    texts = {"setup.cfg": "[tool:pytest]\naddopts = -q\n", "tox.ini": "[tox]\n", ".coveragerc": None, "ruff.toml": ""}
    assert configured(texts) == ("tool.pytest", "tool.ruff")


def test_what_an_image_needs_to_build_the_package() -> None:
    paths = ["setup.py", "README.rst", "LICENSE.txt", "MANIFEST.in", "src/aligner/__init__.py"]
    assert build_files("src", ("aligner",), paths, "README.rst") == ["src", "LICENSE.txt", "MANIFEST.in", "README.rst"]
    assert build_files("", ("six",), ["six.py", "README.md"], None) == ["six.py", "README.md"]
    assert build_files("", ("six",), ["six.py", "README.rst"], None) == ["six.py", "README.rst"]
    assert build_files("", ("six",), ["six.py", "CHANGELOG.rst"], None) == ["six.py", "CHANGELOG.rst", "README.md"]


def test_first_tests_and_proposals_are_valid() -> None:
    compile(import_test("aligner", "Copyright"), "test_import.py", "exec")
    assert markers("a", "b\n") == "<<<<<<< this repository\na\n=======\nb\n>>>>>>> rnd-template\n"
    assert message("files", ["a:  b\nc"]) == "chore: add the files of rnd-template\n\n- a: b c\n"


def test_a_setup_cfg_keeps_the_sections_of_tools_byte_for_byte() -> None:
    text = "[metadata]\nname = a\n[flake8]\nmax-line-length = 100\n\n[options.extras_require]\nx = y\n[mypy]\na = 1\n"
    assert other_sections(text) == "[flake8]\nmax-line-length = 100\n\n[mypy]\na = 1\n"


def test_toml_is_split_at_headers_only() -> None:
    text = 'a = """\n[no.header]\n"""\n# about b\n[ b . "c" ]\nd = [\n[1],\n]\n[[e]]\nf = 1\n'
    assert [(block.name, tomllib.loads(block.text)) for block in split(text)] == [
        ("", {"a": "[no.header]\n"}),
        ("b.c", {"b": {"c": {"d": [[1]]}}}),
        ("e", {"e": [{"f": 1}]}),
    ]
    assert "".join(block.text for block in split(text)) == text


@pytest.mark.parametrize("value", ['a"b\\\x7f\n', ["x" * 60, "y" * 60], {"a b": [], "c": {"d": True}}, 1, 1.5])
def test_what_is_written_is_read_again(value: object) -> None:
    assert tomllib.loads(f"a = {value_text(value)}")["a"] == value


def test_a_project_table_stays_as_it_is_but_for_the_version() -> None:
    manifest = (
        '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n\n'
        '[project]\nname = "aligner"  # the name\ndynamic = ["version"]\nrequires-python = ">=3.9"\n'
        'dependencies = ["numpy"]  # fast\n\n[tool.hatch.version]\nsource = "vcs"\n\n[tool.ruff]\nline-length = 99\n'
    )
    text, points = merged({"pyproject.toml": manifest})
    lines = set(manifest.splitlines()) - set(text.splitlines())
    assert lines == {'dynamic = ["version"]'}
    document = tomllib.loads(text)
    assert document["project"]["version"] == "0.3.1"
    assert document["tool"]["ruff"]["line-length"] == 99
    assert points == ["[tool.ruff] of the template is left out, because the repository has its own."]
    assert document["tool"]["ruff"]["lint"]["per-file-ignores"] == {"*.ipynb": ["CPY001"]}
    assert "urls" not in document["project"]
    assert "# The index of the organisation.\n[[tool.uv.index]]" in text


def test_a_setup_py_becomes_a_manifest_with_the_same_backend() -> None:
    setup = (
        "from setuptools import setup\nsetup(name='aligner', version='0.3.1', python_requires='>=3.6',\n"
        "    package_dir={'': 'src'}, packages=['aligner'], install_requires=['numpy'],\n"
        "    entry_points={'console_scripts': ['align=aligner:main'], 'my.group': ['x=aligner:x']},\n"
        "    extras_require={'GPU': ['torch']})\n"
    )
    files = {
        "setup.py": setup,
        "requirements.txt": "numpy==1.24.0\n",
        "requirements-test.txt": "hypothesis\npytest<8\n",
    }
    document = tomllib.loads(merged(files, ("tool.coverage",))[0])
    assert document["build-system"] == {"requires": ["setuptools>=61"], "build-backend": "setuptools.build_meta"}
    assert document["project"]["entry-points"] == {"my.group": {"x": "aligner:x"}}
    assert document["project"]["optional-dependencies"] == {"GPU": ["torch"]}
    tool = document["tool"]
    expected = {"packages": ["aligner"], "package-dir": {"": "src"}, "include-package-data": False}
    assert tool["setuptools"] == expected
    assert "coverage" not in tool
    assert tool["uv"]["constraint-dependencies"] == ["numpy==1.24.0"]
    assert tool["uv"]["dependency-groups"] == {"dev": {"requires-python": ">=3.9"}}
    groups = document["dependency-groups"]
    assert groups["dev"] == ["ruff>=0.17,<0.18", {"include-group": "test"}]
    assert groups["test"] == ["hypothesis", "pytest<8"]


def test_poetry_keeps_its_backend_and_what_selects_the_files() -> None:
    manifest = (
        '[tool.poetry]\nname = "aligner"\nversion = "0.3.1"\ndescription = ""\nauthors = ["Ada <a@b.c>"]\n'
        'packages = [{ include = "aligner", from = "src" }]\n'
        '[tool.poetry.dependencies]\npython = "^3.9"\nnumpy = "^1"\n'
        '[tool.poetry.group.dev.dependencies]\npytest = "^8"\n[tool.black]\nline-length = 99\n'
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    )
    document = tomllib.loads(merged({"pyproject.toml": manifest})[0])
    assert document["build-system"]["requires"] == ["poetry-core>=2,<3"]
    assert document["tool"]["poetry"] == {"packages": [{"include": "aligner", "from": "src"}]}
    assert document["tool"]["black"] == {"line-length": 99}
    assert document["project"]["dependencies"] == ["numpy>=1,<2"]
    assert document["dependency-groups"]["dev"] == ["pytest>=8,<9", "ruff>=0.17,<0.18"]


def test_a_merge_that_would_lose_something_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnd.adopt.manifest.TABLES", ("gui-scripts",))
    keywords = "name='aligner', version='1', python_requires='>=3.9', extras_require={'a': ['b']}"
    setup = f"from setuptools import setup\nsetup({keywords})\n"
    with pytest.raises(ManifestInvalid, match=r"another optional-dependencies than setup\.py"):
        merged({"setup.py": setup})


def test_the_baseline_ignores_what_is_there_today_and_nothing_else() -> None:
    codes = (("/a/b.py", "E501"), ("/a/b.py", "B006"), ("/c.py", None))
    report = json.dumps([{"filename": path, "code": code} for path, code in codes])
    assert ruff_findings(report) == {"/a/b.py": ["B006", "E501"], "/c.py": ["invalid-syntax"]}
    text = with_ignores(OURS, {"a/[b].py": ["B006"]}, ["a/c.py"])
    ruff = tomllib.loads(text)["tool"]["ruff"]
    assert ruff["lint"]["per-file-ignores"] == {"*.ipynb": ["CPY001"], "a/[[]b[]].py": ["B006"]}
    assert ruff["format"]["exclude"] == ["a/c.py"]
    assert with_ignores(OURS, {}, []) == OURS


def test_hooks_leave_alone_what_they_would_change_today() -> None:
    files = {
        "a.md": b"line  \nx\n",
        "b b.py": b"x \n",
        "c.txt": b"x",
        "d.txt": b"x\r\n",
        "e": b"",
        "f.txt": b"x\n\n",
        "g.rst": b"Changes\n=======\n",
    }
    found = untidy(files)
    assert found.pop("merge-markers") == ["g.rst"]
    assert found == {"trailing-whitespace": ["b b.py"], "end-of-file": ["c.txt", "f.txt"], "line-ends": ["d.txt"]}
    hook = "      - id: {0}\n        name: {0}\n        entry: x\n        language: system\n        types: [text]\n"
    hooks = "repos:\n  - repo: local\n    hooks:\n" + "".join(
        map(hook.format, ("trailing-whitespace", "types", "lock"))
    )
    listed = yaml.safe_load(without_types(with_excludes(hooks, found)))["repos"][0]["hooks"]
    assert [(one["id"], one.get("exclude")) for one in listed] == [
        ("trailing-whitespace", "^(b b\\.py)$"),
        ("lock", None),
    ]

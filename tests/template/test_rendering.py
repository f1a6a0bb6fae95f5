"""Every combination of answers, rendered in process: what comes out is whole, valid and nobody else's."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
import yaml
from copier import run_copy

from rnd.names import derive_names
from rnd.organisation import load_organisation
from rnd_rehearsal.template import copy_what_renders
from tests.helpers.machine import ACME, BOTH_TOOLS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

ORGANISATION = load_organisation()
AUTHORS = ("", "Ada Lovelace", "Ada Lovelace <ada@example.com>", 'Zoë "Zo" O\'Neil \\ 🎉 <zoe@example.com>')
NAMES = ("template_test", "x", "Speech2Text", "a" * 86)


def render(source: str | Path, folder: Path, **answers: object) -> dict[str, str]:
    """Render the template and return the text of every file by its path."""
    run_copy(str(source), folder, data=answers, defaults=True, unsafe=True, quiet=True, skip_tasks=True, vcs_ref="HEAD")
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template, which no test changes."""
    return copy_what_renders(ROOT, tmp_path_factory.mktemp("template"))


def check_tool(files: dict[str, str], dependency_tool: str, python_version: str) -> None:
    """Look whether a repository has the files of its dependency tool, and none of the other one."""
    if dependency_tool == "uv":
        assert files[".python-version"] == f"{python_version}\n"
        assert {"environment.yml", "virtual-packages.yml", "scripts/check_lock.py"}.isdisjoint(files)
    else:
        assert f"python {python_version}.*" in yaml.safe_load(files["environment.yml"])["dependencies"]
        assert ".python-version" not in files
        # Nobody needs uv to work in it; the image is made with it, in a stage that is thrown away.
        daily = "".join(text for path, text in files.items() if "docker" not in path)
        assert not re.search(r"\buv (?!build)|uv\.lock|\.venv|\[tool\.uv\]", daily)


@pytest.mark.parametrize("dependency_tool", ["uv", "conda"])
@pytest.mark.parametrize("python_version", ORGANISATION.python.versions)
def test_every_pair_of_answers(source: Path, tmp_path: Path, dependency_tool: str, python_version: str) -> None:
    """Each name with each author, and both with each version; conda, which the name and author do not concern, half."""
    row = ORGANISATION.python.versions.index(python_version)
    for column, name in enumerate(NAMES):
        if dependency_tool == "conda" and (row + column) % 2:
            continue
        author = AUTHORS[(row + column + row // len(AUTHORS)) % len(AUTHORS)]
        folder = tmp_path / name
        given = {"author": author, "dependency_tool": dependency_tool, "python_version": python_version}
        files = render(source, folder, project_name=name, **given)
        names = derive_names(name, ORGANISATION)
        assert len(files) + 1 < 30  # with the lock file: each file is one that somebody has to know

        project = tomllib.loads(files["pyproject.toml"])["project"]
        assert project["name"] == names.package
        assert project["requires-python"] == f">={python_version}"
        assert "urls" not in project  # they are the change of the first pull request
        check_tool(files, dependency_tool, python_version)
        assert written_author(project["authors"]) == author
        assert f"src/{names.import_name}/__init__.py" in files
        assert f"tests/test_{names.import_name}.py" in files
        assert names.repository in files["README.md"]
        expected = (ORGANISATION.copyright, *filter(None, [ORGANISATION.license]))
        assert files["LICENSE"].splitlines() == list(expected)

        answers = yaml.safe_load(files[".copier-answers.yml"])
        assert {key: value for key, value in answers.items() if not key.startswith("_")} == {
            "project_name": name,
            "author": author,
            "dependency_tool": dependency_tool,
            "create_github_repository": True,
            "python_version": python_version,
        }
        for path, text in files.items():
            check_file(path, text)


FEATURES = ("docs", "gpu", "notebooks", "service")
COMBINATIONS = [list(some) for size in range(1, len(FEATURES) + 1) for some in combinations(FEATURES, size)]


@pytest.mark.parametrize("dependency_tool", ["uv", "conda"])
@pytest.mark.parametrize("features", COMBINATIONS, ids="-".join)
def test_every_combination_of_features(source: Path, tmp_path: Path, dependency_tool: str, features: list[str]) -> None:
    """Each with one version of Python; every version has its turn."""
    version = ORGANISATION.python.versions[COMBINATIONS.index(features) % len(ORGANISATION.python.versions)]
    given = {"dependency_tool": dependency_tool, "python_version": version, "features": features}
    files = render(source, tmp_path / "made", project_name="rover", **given)
    for path, text in files.items():
        check_file(path, text)
    assert yaml.safe_load(files[".copier-answers.yml"])["features"] == features
    tool = tomllib.loads(files["pyproject.toml"])["tool"]
    docs, gpu, notebooks, service = (name in features for name in FEATURES)
    image = (["cu130"] if gpu else []) + (["service"] if service else [])
    assert tool.get("rnd", {}).get("extras", {}).get("image", []) == (image if dependency_tool == "uv" else [])
    jobs = yaml.safe_load(files[".github/workflows/python_lint_and_test.yml"])["jobs"]
    assert [job["runs-on"] for job in jobs.values()][1:] == [["self-hosted", "research-gpu"]] * gpu
    assert any("sphinx-build" in step.get("run", "") for step in jobs["lint-and-test"]["steps"]) is docs
    tools = files["pyproject.toml" if dependency_tool == "uv" else "environment.yml"]
    for there, file, package in (
        (docs, "docs/conf.py", "sphinx"),
        (notebooks, "notebooks/example.ipynb", "nbstripout"),
        (service, "src/rover/service.py", "fastapi"),
    ):
        assert (file in files) is (package in tools) is there
    assert ("uvicorn" in files["docker/Dockerfile"]) is ("tests/test_service.py" in files) is service
    assert ("nbstripout" in files[".pre-commit-config.yaml"]) is notebooks


@pytest.mark.parametrize(
    ("features", "others", "message"),
    [
        (["gpus"], {}, "A feature is docs, gpu, notebooks or service"),
        ("docs", {}, "A feature is docs, gpu, notebooks or service"),
        (["service"], {"package": "rover"}, "needs a package that the template made"),
    ],
)
def test_features_that_cannot_be_there(
    source: Path, tmp_path: Path, features: object, others: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        render(source, tmp_path / "made", project_name="rover", features=features, other_names=others)


def written_author(authors: list[dict[str, str]]) -> str:
    """Return the author as it was answered."""
    if not authors:
        return ""
    (author,) = authors
    return f"{author['name']} <{author['email']}>" if "email" in author else author["name"]


def check_file(path: str, text: str) -> None:
    """Hold a rendered file to what any careful person's file has."""
    # Those of GitHub Actions, and the formats of Docker's output.
    without_expressions = re.sub(r"\$\{\{ [^{}]+ \}\}|--format=.*", "", text)
    assert not re.search(r"{{|}}|{%|%}", without_expressions), f"{path} holds template syntax"
    assert text == "" or text.endswith("\n"), f"{path} does not end its last line"
    assert not text.endswith("\n\n"), f"{path} ends with an empty line"
    assert not text.startswith("\n"), f"{path} starts with an empty line"
    assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{path} has white space at the end of a line"
    assert "\n\n\n\n" not in text, f"{path} has a hole"
    if path.endswith(".py"):
        assert text.startswith(f"# {ORGANISATION.copyright}\n"), f"{path} has no copyright header"
        compile(text, path, "exec")
    elif path.endswith(".json"):
        json.loads(text)
    elif path.endswith(".toml"):
        tomllib.loads(text)
    elif path.endswith((".yml", ".yaml")):
        yaml.load(text, yaml.CSafeLoader)


@BOTH_TOOLS
def test_another_organisation_edits_one_file_and_leaves_no_trace_of_the_shipped_one(
    template: TemplateRepository, tmp_path: Path, tool: str
) -> None:
    (template.folder / "org.yml").write_text(ACME.read_text())
    template.release("2.0.0")
    files = render(template.address, tmp_path / "made", project_name="arm_control")
    shipped = [
        *(ORGANISATION.name, ORGANISATION.slug, ORGANISATION.github.owner, *ORGANISATION.github.teams),
        *(
            ORGANISATION.require_aws().account,
            ORGANISATION.require_aws().region,
            ORGANISATION.image_registry.base_image.partition(":")[0],
        ),
        *(ORGANISATION.template.repository, f"{ORGANISATION.repository_prefix}-", *ORGANISATION.runners.classes),
    ]
    for path, text in files.items():
        for value in shipped:
            # Every generated repository is a research project, whoever's it is.
            found = text.lower().replace("research project", "").replace("rnd-template", "")
            assert value.lower() not in found, f"{path} holds {value}"
    assert tomllib.loads(files["pyproject.toml"])["project"]["name"] == "acme-lab-arm-control"
    if tool == "conda":
        environment = yaml.safe_load(files["environment.yml"])
        assert environment["channels"] == ["https://conda.example.com/acme", "conda-forge", "nodefaults"]
        assert environment["platforms"] == ["linux-aarch64"]
        packages = yaml.safe_load(files["virtual-packages.yml"])["subdirs"]["linux-aarch64"]["packages"]
        assert packages == {"__unix": "0", "__glibc": "2.31"}
    assert files["src/arm_control/__init__.py"].startswith("# (C) 1999 Acme Robotics & Sons [R+D]\n")


def test_the_shipped_values_stand_in_org_yml_alone() -> None:
    shipped = re.compile(rf"\b({re.escape(ORGANISATION.slug)}|{re.escape(ORGANISATION.name)})\b", re.IGNORECASE)
    for folder in ("template", "questions", "src/rnd"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and not path.is_symlink():
                assert not shipped.search(path.read_text(encoding="utf-8")), f"{path} names the organisation"

"""The answers to the template's questions that a repository's own files give. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from rnd.adopt.facts import Fact, OpenPoint
from rnd.adopt.strategies import build_files
from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.tree import Tree

QUESTIONS = ("project_name", "author", "python_version", "import_name", "dependency_tool")
# Paths of the template that a repository keeps its own of, if it has them.
OWN = {
    "README.md": r"README(\.\w+)?",
    "LICENSE": r"(?i:licen[cs]e|copying)[\w.-]*",
    "docker": r"docker/.*",
}


def settle(found: Analysis, data: Mapping[str, str]) -> None:
    """Apply what the user answered to the open points that ask for it.

    Args:
        found: The analysis; its layout and points change.
        data: The answers by name.

    Raises:
        UsageError: An answer belongs to no question, or to no import name of the repository.
    """
    if unknown := set(data) - set(QUESTIONS):
        raise UsageError(f"Unknown answer: {', '.join(sorted(unknown))}.", f"The answers are: {', '.join(QUESTIONS)}.")
    settled = set()
    if "import_name" in data and found.layout is not None:
        if data["import_name"] not in found.layout.modules:
            raise UsageError(
                f"{data['import_name']} is not an import name of the package.",
                f"Choose one of: {', '.join(found.layout.modules)}.",
            )
        others = [name for name in found.layout.modules if name != data["import_name"]]
        found.layout = type(found.layout)((data["import_name"], *others), found.layout.where, "--data")
        settled.add("several-import-names")
    if "python_version" in data:
        found.declared.fields.setdefault("requires-python", Fact(f">={data['python_version']}", "--data"))
        settled |= {"python-unknown", "computed-python_requires"}
    if "dependency_tool" in data:
        _choose_tool(found, data["dependency_tool"])
    found.points = [point for point in found.points if point.code not in settled]


def _choose_tool(found: Analysis, tool: str) -> None:
    """Use uv although there is a conda environment, which then stays as it is.

    Raises:
        UsageError: The tool is not known, or it is conda and no environment says what to install.
    """
    if tool not in {"uv", "conda"}:
        raise UsageError(f"{tool} is not a dependency tool.", "Choose one of: uv, conda.")
    environment = found.environment
    if tool == "conda" and environment is None:
        raise UsageError("The repository has no environment.yml at its root.", "Add one and commit it, or use uv.")
    if tool == "uv" and environment is not None:
        found.points = [point for point in found.points if not point.code.startswith("conda-")]
        message = "The file stays; packages that only conda has are not installed any more."
        found.points.append(OpenPoint("environment-stays", message, environment.path))
        found.environment = None


def derive_answers(
    found: Analysis, tree: Tree, data: Mapping[str, str], pythons: Sequence[str], repository: str
) -> dict[str, Any]:
    """Return the answers with which the template is rendered.

    Args:
        found: The analysis, without blocking points.
        tree: The files of the commit.
        data: The answers of the user.
        pythons: The Python versions of org.yml.
        repository: The name of the repository on GitHub, or of its folder.
    """
    layout, declared = found.layout, found.declared
    assert layout is not None  # noqa: S101 - a missing layout is a blocking point
    backend = str(declared.backend.value) if declared.backend else ""
    # poetry-core 2, the first that reads [project], needs Python 3.9.
    able = [one for one in pythons if not backend.startswith("poetry") or tuple(map(int, one.split("."))) >= (3, 9)]
    name, import_name = canonicalize_name(declared.value("name")), layout.modules[0]
    return {
        "project_name": data.get("project_name") or project_name(import_name, repository),
        "author": data.get("author") or author(declared.value("authors") or []),
        "dependency_tool": "conda" if found.environment else "uv",
        "python_version": data.get("python_version") or oldest_python(_pythons(found), able),
        "create_github_repository": False,  # it exists
        "other_names": {
            "package": name,
            "repository": repository,
            "import_name": import_name,
            "module_root": layout.where,
            "keep": [path for path, form in OWN.items() if next(tree.matching(form), None)],
            "build_files": build_files(layout.where, layout.modules, tree.files, declared.value("readme")),
        },
    }


def _pythons(found: Analysis) -> str | None:
    """Return the Python versions that the package declares, and that the conda environment installs if there is one."""
    declared = found.declared.value("requires-python")
    installed = found.environment.python() if found.environment else None
    return ",".join(filter(None, (declared, installed.value if installed else None))) or None


def project_name(import_name: str, repository: str) -> str:
    """Return a project name that the template accepts, from the import name, else the repository's."""
    plain = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", import_name.lower())).strip("_")
    fallback = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", repository.lower())).strip("_")
    return plain or fallback


def author(people: Sequence[Mapping[str, str]]) -> str:
    """Return the first author as `Name <e-mail>`; empty if there is none, which git then fills in."""
    for one in people:
        name, email = (re.sub(r"[<>\x00-\x1f]", "", one.get(key, "")).strip() for key in ("name", "email"))
        if name:
            return f"{name} <{email}>" if re.fullmatch(r"[^\s@]+@[^\s@]+", email) else name
    return ""


def oldest_python(requires: str | None, pythons: Sequence[str]) -> str:
    """Return the oldest Python version of org.yml that the package declares to support.

    Args:
        requires: The `requires-python` of the package.
        pythons: The versions of org.yml, such as `3.11`.

    Raises:
        UsageError: The organisation has none of them.
    """
    try:
        allowed = SpecifierSet(requires or "")
    except InvalidSpecifier as error:
        raise UsageError(f"requires-python is {requires!r}, which is not valid.") from error
    fitting = [one for one in pythons if allowed.contains(f"{one}.99")]
    if not fitting:
        raise UsageError(f"The package needs Python {requires}; org.yml has {', '.join(pythons)}.")
    return min(fitting, key=lambda one: tuple(map(int, one.split("."))))
